import {
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { outsideCredentials, roleCredentials } from '../../../local/edge/credentials.ts';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { EdgeControl } from '../../setup/edge-control.ts';
import { Api, fresh } from './api.ts';

/** Every data source, and what of which tables its role may touch. */
const served: Record<string, Record<string, ('Get' | 'Query' | 'Put')[]>> = {
  Permissions: { Permissions: ['Get', 'Query', 'Put'], Chats: ['Put'] },
  Chats: { Chats: ['Get'] },
  Messages: { Messages: ['Get', 'Query'] },
  Connections: {},
  Subscriptions: { Subscriptions: ['Query'] },
  MultiPart: { MultiPart: ['Query'] },
  DeadLetters: { DeadLetters: ['Query'] },
  Redrives: { Redrives: ['Get'] },
  RedriveControl: {},
  RateLimits: {},
};

/** Statements, as `ROLE: ACTION on RESOURCE`, that no field here uses, each with the reason to have it. */
const unusedOnPurpose: Record<string, string> = {};

describe('the roles of the data sources', () => {
  let cloud: Cloud;
  let edge: EdgeControl;

  beforeAll(async () => {
    cloud = await startCloud();
    edge = new EdgeControl(cloud.outputs);
  });

  afterAll(() => cloud.stop());

  test('may do nothing that no field does', async () => {
    const api = new Api(cloud.outputs);
    const chatId = fresh('chat');
    const deniedBefore = await edge.denials();
    const [bob, carol] = ['bob', 'carol'].map((name) => api.userId(name));
    await api.createChat('bob', chatId);
    await api.grant('bob', { userId: carol ?? '', chatId, role: 'member' });
    await api.data('bob', `mutation { grantPermissions(inputs: [{ userId: "a", chatId: "${chatId}" }]) { role } }`);
    await api.data('bob', `mutation { revokePermission(userId: "a", chatId: "${chatId}") { role } }`);
    await api.data(
      'bob',
      `{
      permission(userId: "${carol}", chatId: "${chatId}") { role }
      permissionsByUser(userId: "${bob}") { nextToken }
      permissionsByChat(chatId: "${chatId}") { nextToken }
      chat(chatId: "${chatId}") { headSequence }
      message(chatId: "${chatId}", messageId: "01KA3HQ8Z10000000000000002") { content }
      messages(chatId: "${chatId}") { nextToken }
      messagesBySequence(chatId: "${chatId}", from: 1) { nextToken }
      multiPartGroup(chatId: "${chatId}", groupId: "none") { status }
    }`,
    );
    await api.data(
      'ada',
      `{
      connectionsByChat(chatId: "${chatId}") { nextToken }
      connectionsByUser(userId: "${bob}") { nextToken }
    }`,
    );
    await api.data(
      'olga',
      `{
      deadLetterQueues { waiting }
      deadLetters(queue: "fifo") { nextToken }
      settled: deadLetters(queue: "fifo", status: redriven) { nextToken }
      redrive(redriveId: "01KA3HQ8Z10000000000000002") { status }
      redrives { nextToken }
    }`,
    );
    await api.data('olga', 'mutation { planRedrive(input: { queue: "fifo", mode: discard }) { matched } }');

    const statements = (await edge.policies()).filter(({ role }) => role.startsWith('appsync/'));
    expect([...new Set(statements.map(({ role }) => role))].sort()).toEqual(
      Object.keys(served)
        .map((name) => `appsync/${name}`)
        .sort(),
    );
    const unused = statements.flatMap(({ role, statement, unusedActions, unusedResources }) =>
      [...unusedActions, ...unusedResources].map((part) => `${role}: ${part} (${statement})`),
    );
    expect(unused).toEqual(Object.keys(unusedOnPurpose));
    expect(await edge.denials()).toEqual(deniedBefore);
  });

  test.each(Object.entries(served))('of %s reaches its own tables and no other', async (name, allowed) => {
    const { edge: { url = '' } = {}, region } = cloud.outputs;
    const outside = new DynamoDBClient({ region, endpoint: url, credentials: outsideCredentials });
    const role = new DynamoDBClient({ region, endpoint: url, credentials: roleCredentials(`appsync/${name}`) });
    const { TableNames = [] } = await outside.send(new ListTablesCommand({}));
    const done: Record<string, string[]> = {};
    for (const TableName of TableNames) {
      const table = Object.keys(served).find((candidate) => TableName.includes(candidate)) ?? TableName;
      const tries = [
        ['Get', new GetItemCommand({ TableName, Key: {} })],
        ['Query', new QueryCommand({ TableName })],
        ['Put', new PutItemCommand({ TableName, Item: {} })],
        ['Scan', new ScanCommand({ TableName })],
      ] as const;
      for (const [what, command] of tries) {
        // What is allowed fails for its emptiness instead.
        const { name: error } = await role.send(command as GetItemCommand).then(
          () => ({ name: 'none' }),
          (reason: Error) => reason,
        );
        if (error !== 'AccessDeniedException') (done[table] ??= []).push(what);
      }
    }
    expect(done).toEqual(allowed);
    for (const client of [outside, role]) client.destroy();
  });
});
