import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ResolverManifest } from '../../build/resolvers.ts';
import { createAppSync } from '../../local/appsync/appsync.ts';
import type { AppSyncDefinition } from '../../local/appsync/definition.ts';

const root = join(import.meta.dirname, '../..');
const runtime = { Name: 'APPSYNC_JS', RuntimeVersion: '1.0.0' };

/** The API as its resources describe it, with the bundles of the last build. */
export function accessPlane(): AppSyncDefinition {
  const bundles = join(root, 'dist', 'resolvers');
  const code = (file: string): string => readFileSync(join(bundles, file), 'utf8');
  const manifest = JSON.parse(code('manifest.json')) as ResolverManifest;
  const tables = ['Permissions', 'Chats', 'Messages', 'Connections', 'Subscriptions'];
  return {
    api: {
      Name: 'access-plane',
      AuthenticationType: 'AMAZON_COGNITO_USER_POOLS',
      UserPoolConfig: { UserPoolId: 'us-east-1_pool', DefaultAction: 'DENY' },
      EnvironmentVariables: { PERMISSIONS_TABLE: 'Permissions', CHATS_TABLE: 'Chats' },
    },
    schema: { Definition: readFileSync(join(root, 'schema.graphql'), 'utf8') },
    dataSources: tables.map((TableName) => ({
      Name: TableName,
      Type: 'AMAZON_DYNAMODB',
      ServiceRoleArn: `arn:aws:iam::000000000000:role/${TableName}`,
      DynamoDBConfig: { TableName },
    })),
    functions: Object.entries(manifest.functions).map(([id, entry]) => ({
      id,
      properties: { Name: id, DataSourceName: entry.dataSource, Code: code(entry.code), Runtime: runtime },
    })),
    resolvers: Object.entries(manifest.fields).map(([name, entry]) => {
      const [TypeName = '', FieldName = ''] = name.split('.');
      const common = { TypeName, FieldName, Code: code(entry.code), Runtime: runtime };
      return 'functions' in entry
        ? { ...common, Kind: 'PIPELINE' as const, PipelineConfig: { Functions: entry.functions } }
        : { ...common, Kind: 'UNIT' as const, DataSourceName: entry.dataSource };
    }),
  };
}

/** Who asks. The user id is also the token. */
export interface Asker {
  userId: string;
  groups?: string[];
}

export interface GraphqlError {
  message: string;
  errorType?: string;
  errorInfo?: { items?: { index: number; errorType: string; message: string }[] } | null;
  path: (string | number)[] | null;
}

export interface Answer {
  data: Record<string, unknown> | null;
  errors?: GraphqlError[];
}

export type Ask = (asker: Asker, query: string, variables?: Record<string, unknown>) => Promise<Answer>;

const groups = new Map<string, string[]>();
/** The client of the API's data sources: the one of the running test. */
let dynamodb: DynamoDBClient;
const api = createAppSync({
  ...accessPlane(),
  dynamodb: () => ({ send: (command: never) => dynamodb.send(command) }) as unknown as DynamoDBClient,
  verifier: {
    verify: (token) =>
      Promise.resolve({ sub: token, username: token, iss: 'pool', 'cognito:groups': groups.get(token) }),
  },
});

/** Asks the access plane on this DynamoDB, as anybody: tokens are checked elsewhere. */
export function askerOf(client: DynamoDBClient): Ask {
  return async (asker, query, variables = {}) => {
    dynamodb = client;
    groups.set(asker.userId, asker.groups ?? []);
    const headers = { authorization: asker.userId };
    const { body } = await api.handle({ method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    return JSON.parse(body) as Answer;
  };
}

export const ada: Asker = { userId: '00000000-0000-4000-8000-00000000000a', groups: ['admins'] };
export const bob: Asker = { userId: '00000000-0000-4000-8000-00000000000b' };
export const carol: Asker = { userId: '00000000-0000-4000-8000-00000000000c' };
