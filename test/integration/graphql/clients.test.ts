import { Client, fetchExchange, gql as urqlDocument } from '@urql/core';
import { ClientError, GraphQLClient } from 'graphql-request';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { signIn } from '../../setup/sign-in.ts';
import { fresh } from './api.ts';

const createChat = `
  mutation CreateChat($chatId: ID!) {
    createChat(chatId: $chatId) {
      ...Named
    }
  }
  fragment Named on Chat {
    __typename
    chatId
    headSequence
  }
`;
const permissions = `
  query Permissions($chatId: ID!, $limit: Int) {
    permissionsByChat(chatId: $chatId, limit: $limit) {
      items {
        role
      }
      nextToken
    }
  }
`;
const forbidden = 'Forbidden: you do not have the permission this needs.';

describe('clients nobody here wrote work as they come', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await startCloud();
  });

  afterAll(() => cloud.stop());

  describe.each(['accessToken', 'idToken'] as const)('with Cognito’s %s,', (kind) => {
    test('@urql/core', async () => {
      const [bob, mallory] = await Promise.all(['bob', 'mallory'].map(urqlOf));
      const chatId = fresh('urql');

      const created = await bob?.mutation(urqlDocument(createChat), { chatId });
      expect(created?.error).toBeUndefined();
      expect(created?.data).toEqual({ createChat: { __typename: 'Chat', chatId, headSequence: 0 } });

      const read = await bob?.query(permissions, { chatId, limit: 10 });
      expect(read?.data).toEqual({ permissionsByChat: { items: [{ role: 'admin' }], nextToken: null } });

      const refused = await mallory?.query(permissions, { chatId });
      expect(refused?.error?.networkError).toBeUndefined();
      expect(refused?.error?.graphQLErrors.map(({ message, path }) => ({ message, path }))).toEqual([
        { message: forbidden, path: ['permissionsByChat'] },
      ]);
    });

    test('graphql-request', async () => {
      const [bob, mallory] = await Promise.all(['bob', 'mallory'].map(requesterOf));
      const chatId = fresh('graphql-request');

      expect(await bob?.request(createChat, { chatId })).toEqual({
        createChat: { __typename: 'Chat', chatId, headSequence: 0 },
      });
      expect(await bob?.request(permissions, { chatId })).toEqual({
        permissionsByChat: { items: [{ role: 'admin' }], nextToken: null },
      });

      const refused = await mallory?.request(permissions, { chatId }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ClientError);
      expect((refused as ClientError).response).toMatchObject({
        status: 200,
        data: null,
        errors: [{ message: forbidden, errorType: 'Forbidden' }],
      });
    });

    async function urqlOf(username: string): Promise<Client> {
      const authorization = (await signIn(cloud.outputs, username))[kind];
      return new Client({
        url: cloud.outputs.graphqlUrl,
        exchanges: [fetchExchange],
        fetchOptions: { headers: { authorization } },
      });
    }

    async function requesterOf(username: string): Promise<GraphQLClient> {
      const authorization = `Bearer ${(await signIn(cloud.outputs, username))[kind]}`;
      return new GraphQLClient(cloud.outputs.graphqlUrl, { headers: { authorization } });
    }
  });

  test('@urql/core: a query may come as a GET', async () => {
    const { accessToken } = await signIn(cloud.outputs, 'bob');
    const client = new Client({
      url: cloud.outputs.graphqlUrl,
      exchanges: [fetchExchange],
      preferGetMethod: 'force',
      fetchOptions: { headers: { authorization: accessToken } },
    });
    const { data, error } = await client.query(
      'query($userId: ID!) { permissionsByUser(userId: $userId) { nextToken } }',
      {
        userId: cloud.outputs.users.find(({ username }) => username === 'bob')?.userId,
      },
    );
    expect({ data, error }).toEqual({ data: { permissionsByUser: { nextToken: null } }, error: undefined });
  });

  test('a refused token reaches each client’s user as 401', async () => {
    const headers = { authorization: 'no-token' };
    const { graphqlUrl: url } = cloud.outputs;
    const urql = new Client({ url, exchanges: [fetchExchange], fetchOptions: { headers } });
    const { error } = await urql.query(permissions, { chatId: 'chat-123' });
    expect(error?.response).toMatchObject({ status: 401 });
    const failure: unknown = await new GraphQLClient(url, { headers })
      .request(permissions, { chatId: 'chat-123' })
      .catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(ClientError);
    expect((failure as ClientError).response).toMatchObject({
      status: 401,
      errors: [{ errorType: 'UnauthorizedException' }],
    });
  });
});
