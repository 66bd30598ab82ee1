import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { getIntrospectionQuery } from 'graphql';
import { createAppSync } from '../../../local/appsync/appsync.ts';
import type { GraphqlApiResource } from '../../../local/appsync/definition.ts';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import { Synthesized } from '../../infra/synthesized.ts';
import { accessPlane } from '../../resolvers/api.ts';

describe('with the settings of the production template', () => {
  const [template] = new Synthesized('production').ofType('AWS::AppSync::GraphQLApi');
  const { IntrospectionConfig, QueryDepthLimit, ResolverCountLimit } = template?.['Properties'] as GraphqlApiResource;
  const limits = Object.entries({ IntrospectionConfig, QueryDepthLimit, ResolverCountLimit });
  const definition = accessPlane();
  const noRows = { send: () => Promise.resolve({ Items: [] }) } as unknown as DynamoDBClient;
  const appSync = createAppSync({
    ...definition,
    api: { ...definition.api, ...Object.fromEntries(limits.filter(([, value]) => value !== undefined)) },
    dynamodb: () => noRows,
    http: () => ({ edgeUrl: 'http://127.0.0.1:9', credentials: outsideCredentials }),
    verifier: { verify: () => Promise.resolve({ sub: 'ada', iss: 'pool', 'cognito:groups': ['admins'] }) },
  });

  async function ask(query: string): Promise<{ data: unknown; errors?: { message: string }[] }> {
    const headers = { authorization: 'token' };
    const { body } = await appSync.handle({ method: 'POST', headers, body: JSON.stringify({ query }) });
    return JSON.parse(body) as { data: unknown; errors?: { message: string }[] };
  }

  test.each([getIntrospectionQuery(), '{ __schema { queryType { name } } }', '{ __type(name: "Chat") { name } }'])(
    'the schema is not shown: %#',
    async (query) => {
      const { data, errors } = await ask(query);
      expect(data).toBeNull();
      expect(errors?.[0]?.message).toContain('introspection');
    },
  );

  test('names of types, which clients add to queries, are', async () => {
    expect(await ask('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
  });

  test('the deepest query the schema allows is answered', async () => {
    const answer = await ask('{ messages(chatId: "c") { items { customSequence { number __typename } } nextToken } }');
    expect(answer).toEqual({ data: { messages: { items: [], nextToken: null } } });
  });

  test('one request reads at most twenty fields', async () => {
    const query = `{ ${Array.from({ length: 21 }, (_, n) => `a${n}: messages(chatId: "c") { nextToken }`).join(' ')} }`;
    const { errors } = await ask(query);
    expect(errors).toMatchObject([{ path: ['a20'], errorType: 'ResolverExecutionLimitReached' }]);
  });
});
