import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ResolverManifest } from '../../build/resolvers.ts';
import { type AppSync, createAppSync } from '../../local/appsync/appsync.ts';
import type { AppSyncDefinition } from '../../local/appsync/definition.ts';
import { roleCredentials } from '../../local/edge/credentials.ts';

const root = join(import.meta.dirname, '../..');
/** How many permissions a person may change in ten seconds. */
export const changesPerWindow = 1_000;
export const redriveControlArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:Stack-redrive-control';
/** Names of data sources that are tables, which here have the same names. */
const tables = [
  ...['Permissions', 'Chats', 'Messages', 'Connections', 'Subscriptions'],
  ...['MultiPart', 'DeadLetters', 'Redrives', 'RateLimits'],
];
const runtime = { Name: 'APPSYNC_JS', RuntimeVersion: '1.0.0' };

/** The API as its resources describe it, with the bundles of the last build. */
export function accessPlane(): AppSyncDefinition {
  const bundles = join(root, 'dist', 'resolvers');
  const code = (file: string): string => readFileSync(join(bundles, file), 'utf8');
  const manifest = JSON.parse(code('manifest.json')) as ResolverManifest;
  return {
    api: {
      Name: 'access-plane',
      AuthenticationType: 'AMAZON_COGNITO_USER_POOLS',
      UserPoolConfig: { UserPoolId: 'us-east-1_pool', DefaultAction: 'DENY' },
      EnvironmentVariables: {
        PERMISSIONS_TABLE: 'Permissions',
        CHATS_TABLE: 'Chats',
        DEAD_LETTERS_TABLE: 'DeadLetters',
        REDRIVE_CONTROL: redriveControlArn,
        PERMISSION_CHANGES_PER_WINDOW: String(changesPerWindow),
      },
    },
    schema: { Definition: readFileSync(join(root, 'schema.graphql'), 'utf8') },
    dataSources: [
      ...tables.map((TableName) => ({
        Name: TableName,
        Type: 'AMAZON_DYNAMODB',
        ServiceRoleArn: `arn:aws:iam::000000000000:role/${TableName}`,
        DynamoDBConfig: { TableName },
      })),
      {
        Name: 'RedriveControl',
        Type: 'HTTP',
        ServiceRoleArn: 'arn:aws:iam::000000000000:role/RedriveControl',
        HttpConfig: {
          Endpoint: 'https://sync-states.us-east-1.amazonaws.com/',
          AuthorizationConfig: {
            AuthorizationType: 'AWS_IAM' as const,
            AwsIamConfig: { SigningRegion: 'us-east-1', SigningServiceName: 'states' },
          },
        },
      },
    ],
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
const apis = new Map<string, AppSync>();

/** What resolvers printed, all tests of a file together. */
export const printed: string[] = [];

/** The API whose workflow is run at this edge; made once. */
function apiAt(edgeUrl: string): AppSync {
  const known = apis.get(edgeUrl);
  if (known) return known;
  const made = createAppSync({
    ...accessPlane(),
    print: (line) => printed.push(line),
    dynamodb: () => ({ send: (command: never) => dynamodb.send(command) }) as unknown as DynamoDBClient,
    http: (roleArn) => ({ edgeUrl, credentials: roleCredentials(`appsync/${roleArn.split('/')[1]}`) }),
    verifier: {
      verify: (token) =>
        Promise.resolve({
          sub: token,
          username: usernames.get(token) ?? token,
          iss: 'pool',
          'cognito:groups': groups.get(token),
        }),
    },
  });
  apis.set(edgeUrl, made);
  return made;
}

/** Nothing listens there: for tests in which no workflow is run. */
const nowhere = 'http://127.0.0.1:9';

/** Asks the access plane on this DynamoDB, and with workflows at this edge, as anybody: tokens are checked elsewhere. */
export function askerOf(client: DynamoDBClient, edgeUrl = nowhere): Ask {
  return async (asker, query, variables = {}) => {
    dynamodb = client;
    groups.set(asker.userId, asker.groups ?? []);
    const headers = { authorization: asker.userId };
    const body = JSON.stringify({ query, variables });
    const answer = await apiAt(edgeUrl).handle({ method: 'POST', headers, body });
    return JSON.parse(answer.body) as Answer;
  };
}

export const ada: Asker = { userId: '00000000-0000-4000-8000-00000000000a', groups: ['admins'] };
export const bob: Asker = { userId: '00000000-0000-4000-8000-00000000000b' };
export const olga: Asker = { userId: '00000000-0000-4000-8000-00000000000d', groups: ['operators'] };
const usernames = new Map([[olga.userId, 'olga']]);
export const carol: Asker = { userId: '00000000-0000-4000-8000-00000000000c' };
