import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createAppSync } from '../appsync/appsync.ts';
import { appSyncDefinitionOf } from '../appsync/from-stack.ts';
import type { TokenVerifier } from '../appsync/tokens.ts';
import { type Credentials, roleCredentials } from '../edge/credentials.ts';
import type { FrontRoute } from '../gateway/front.ts';
import type { LogStore } from '../logs/log-store.ts';
import { plainHeaders } from '../loopback.ts';
import type { Stack } from '../template/stack.ts';
import { dataSourceRoles } from './principals.ts';

/** The stack's GraphQL API, running: its place on the front, and what ends it. */
export type GraphqlApi = { route: FrontRoute; stop(): Promise<void> };

/**
 * Starts AppSync for the template's API, each data source calling the edge with the rights of its own role. What resolvers print
 * is in the API's log group (https://docs.aws.amazon.com/appsync/latest/devguide/monitoring.html).
 */
export function startGraphql(stack: Stack, edgeUrl: string, verifier: TokenVerifier, logs: LogStore): GraphqlApi {
  const [api] = stack.ofType('AWS::AppSync::GraphQLApi');
  if (!api) throw new Error('The template defines no GraphQL API');
  const names = new Map(dataSourceRoles(stack).map(({ name, roleArn }) => [roleArn, name]));
  const credentialsOf = (roleArn: string): Credentials => roleCredentials(names.get(roleArn) ?? roleArn);
  const clients: DynamoDBClient[] = [];
  const appSync = createAppSync({
    ...appSyncDefinitionOf(stack, api),
    verifier,
    print: (line) => logs.write(`/aws/appsync/apis/${api.attributes['ApiId']}`, 'resolvers', line),
    dynamodb(roleArn) {
      const client = new DynamoDBClient({
        region: stack.where.region,
        endpoint: edgeUrl,
        credentials: credentialsOf(roleArn),
      });
      clients.push(client);
      return client;
    },
    http: (roleArn) => ({ edgeUrl, credentials: credentialsOf(roleArn) }),
  });
  return {
    route: {
      prefix: '/graphql',
      handle: ({ method = 'POST', url = '/', headers, socket }, body) =>
        appSync.handle({
          method,
          search: new URL(url, 'http://embedded').search,
          headers: plainHeaders(headers),
          body: body.toString('utf8'),
          sourceIp: socket.remoteAddress,
        }),
    },
    stop() {
      for (const client of clients) client.destroy();
      return Promise.resolve();
    },
  };
}
