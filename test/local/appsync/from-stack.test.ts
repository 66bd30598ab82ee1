import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import { AccessPlane } from '../../../infra/access-plane.ts';
import { settingsOf } from '../../../infra/config.ts';
import { Tables } from '../../../infra/tables.ts';
import { createAppSync } from '../../../local/appsync/appsync.ts';
import { appSyncDefinitionOf, appSyncResources } from '../../../local/appsync/from-stack.ts';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import { resolveStack } from '../../../local/template/stack.ts';
import { scriptedDynamoDb } from '../../resolvers/scripted-dynamodb.ts';

const root = join(import.meta.dirname, '../../..');
const where = { stackName: 'Test', region: 'us-east-1', accountId: '000000000000' };

/** The access plane as the embedded cloud reads it from a template; the other resources' properties are not its matter. */
function stack() {
  const cdk = new Stack(new App({ analyticsReporting: false }), 'Test');
  const settings = settingsOf('test');
  const userPool = new UserPool(cdk, 'Users');
  new AccessPlane(cdk, 'AccessPlane', {
    settings,
    userPool,
    peopleClient: userPool.addClient('People'),
    tables: new Tables(cdk, 'Tables', settings),
    redriveControl: 'arn:aws:states:us-east-1:000000000000:stateMachine:Test-redrive-control',
    schema: readFileSync(join(root, 'schema.graphql'), 'utf8'),
    bundles: join(root, 'dist', 'resolvers'),
  });
  const { Resources } = Template.fromStack(cdk).toJSON() as {
    Resources: Record<string, { Type: string; Properties: object }>;
  };
  const others = Object.values(Resources).filter(({ Type }) => !Object.hasOwn(appSyncResources, Type));
  const properties = others.map(({ Type, Properties }) => [
    Type,
    Object.fromEntries(Object.keys(Properties).map((name) => [name, 'implemented' as const])),
  ]);
  const merged: Record<string, Record<string, 'implemented'>> = {};
  for (const [type, known] of properties as [string, Record<string, 'implemented'>][])
    merged[type] = { ...merged[type], ...known };
  const assembly = { stackName: 'Test', template: { Resources } as never, assetPath: () => '' };
  return resolveStack(assembly, where, { ...merged, ...appSyncResources });
}

test("the construct's template runs, each data source with its role, transactions on the tables of the environment", async () => {
  const resolved = stack();
  const [api] = resolved.ofType('AWS::AppSync::GraphQLApi');
  if (!api) throw new Error('The template holds no API');
  const [people] = resolved.ofType('AWS::Cognito::UserPoolClient');
  const roles: string[] = [];
  const { client, calls } = scriptedDynamoDb({ Responses: [{}] }, {});
  const appsync = createAppSync({
    ...appSyncDefinitionOf(resolved, api),
    dynamodb: (role): DynamoDBClient => {
      roles.push(role);
      return client;
    },
    http: (role) => {
      roles.push(role);
      return { edgeUrl: 'http://127.0.0.1:9', credentials: outsideCredentials };
    },
    verifier: { verify: () => Promise.resolve({ sub: 'me', client_id: people?.ref, 'cognito:groups': ['admins'] }) },
  });
  expect(new Set(roles).size).toBe(10);
  const query = 'mutation { grantPermission(input: { userId: "u", chatId: "c" }) { role } }';
  const { body } = await appsync.handle({
    method: 'POST',
    headers: { authorization: 'x' },
    body: JSON.stringify({ query }),
  });
  expect(JSON.parse(body)).toEqual({ data: { grantPermission: { role: 'member' } } });
  const tables = (calls[1]?.input['TransactItems'] as Record<string, { TableName: string }>[]).flatMap((item) =>
    Object.values(item).map(({ TableName }) => TableName),
  );
  expect(tables).toEqual([expect.stringContaining('Permissions'), expect.stringContaining('Chats')]);
});
