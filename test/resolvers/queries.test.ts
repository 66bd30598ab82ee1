import { ada, type Asker, askerOf, bob, carol, printed } from './api.ts';
import { scriptedDynamoDb, stored } from './scripted-dynamodb.ts';

const later = Math.floor(Date.now() / 1000) + 3600;
const memberRow = {
  userId: bob.userId,
  chatId: 'c1',
  role: 'member',
  grantedBy: ada.userId,
  grantedAt: '2026-01-01T00:00:00.000Z',
};
const member = { Item: stored(memberRow) };
const adminOfChat = { Item: stored({ ...memberRow, role: 'admin' }) };
const nobody = {};

const messageId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const messageRow = {
  chatId: 'c1',
  messageId,
  senderId: carol.userId,
  eventType: 'chat',
  messageType: 'fifo',
  payload: '{"chatId":"c1","eventType":"chat","content":"Hello!","customSequence":{"number":7,"scope":"mine"}}',
  publishTimestamp: '2026-01-01T00:00:00.000Z',
  expiresAt: later,
};

const messages =
  'query($chatId: ID!, $from: AWSDateTime, $to: AWSDateTime, $newestFirst: Boolean, $limit: Int, $nextToken: String) { messages(chatId: $chatId, from: $from, to: $to, newestFirst: $newestFirst, limit: $limit, nextToken: $nextToken) { items { messageId } nextToken } }';

/** Asks once on a script. */
async function ask(
  asker: Asker,
  query: string,
  variables: Record<string, unknown>,
  ...replies: Parameters<typeof scriptedDynamoDb>
) {
  const { client, calls } = scriptedDynamoDb(...replies);
  const answer = await askerOf(client)(asker, query, variables);
  return { ...answer, calls, error: answer.errors?.[0] };
}

const readerFields = [
  ['chat', '{ chat(chatId: "c1") { headSequence } }'],
  ['message', `{ message(chatId: "c1", messageId: "${messageId}") { messageId } }`],
  ['messages', '{ messages(chatId: "c1") { items { messageId } } }'],
  ['messagesBySequence', '{ messagesBySequence(chatId: "c1", from: 1) { items { messageId } } }'],
  ['multiPartGroup', '{ multiPartGroup(chatId: "c1", groupId: "g1") { status } }'],
];

describe('who may read a chat', () => {
  test.each(readerFields)('%s reads the permission strongly and refuses whoever has none', async (_, query) => {
    const { error, calls } = await ask(bob, query, {}, nobody);
    expect(error?.errorType).toBe('Forbidden');
    expect(calls).toEqual([
      {
        action: 'GetItem',
        input: { TableName: 'Permissions', Key: stored({ userId: bob.userId, chatId: 'c1' }), ConsistentRead: true },
      },
    ]);
  });

  test.each(readerFields)('%s lets an expired permission count as none', async (_, query) => {
    const expired = { Item: stored({ ...memberRow, expiresAt: Math.floor(Date.now() / 1000) }) };
    expect((await ask(bob, query, {}, expired)).error?.errorType).toBe('Forbidden');
  });

  test.each(readerFields)('%s lets a permission that ends later count', async (_, query) => {
    const answer = await ask(
      bob,
      query,
      {},
      { Item: stored({ ...memberRow, role: 'viewer', expiresAt: later }) },
      { Items: [] },
    );
    expect(answer.errors).toBeUndefined();
    expect(answer.calls).toHaveLength(2);
  });

  test.each(readerFields)(
    '%s asks for no permission of an administrator, and notes who read what',
    async (field, query) => {
      const before = printed.length;
      const { calls, errors } = await ask(ada, query, {}, { Items: [] });
      expect(errors).toBeUndefined();
      expect(calls.map((call) => call.input['TableName'])).not.toContain('Permissions');
      expect(printed.slice(before).map((line) => JSON.parse(line) as unknown)).toEqual([
        { message: 'Read as an administrator', field, userId: ada.userId, chatId: 'c1' },
      ]);
      await ask(bob, query, {}, member, { Items: [] });
      expect(printed).toHaveLength(before + 1);
    },
  );

  test.each(readerFields)('%s asks for no permission in the chat named by the own id', async (_, query) => {
    const { calls, errors } = await ask(bob, query.replace('"c1"', JSON.stringify(bob.userId)), {}, { Items: [] });
    expect(errors).toBeUndefined();
    expect(calls).toHaveLength(1);
  });

  test.each(readerFields)('%s says Throttled when DynamoDB throttles', async (_, query) => {
    const { error } = await ask(bob, query, {}, member, { error: 'ProvisionedThroughputExceededException' });
    expect(error).toMatchObject({ errorType: 'Throttled' });
  });

  test.each(readerFields)('%s keeps what DynamoDB said to itself', async (_, query) => {
    const { error } = await ask(bob, query, {}, member, { error: 'ValidationException', message: 'table secret-name' });
    expect(error?.errorType).toBe('InternalFailure');
    expect(error?.message).not.toContain('secret-name');
  });
});

describe('multiPartGroup', () => {
  const fields = 'chatId groupId senderId status totalParts receivedParts missingParts messageIds deadline';
  const query = `{ multiPartGroup(chatId: "c1", groupId: "g#1") { ${fields} } }`;
  const group = {
    ...{ group: 'c1#g#1', item: 'group', chatId: 'c1', groupId: 'g#1', senderId: carol.userId, totalParts: 4 },
    ...{ received: 1, status: 'open', deadline: 1_767_225_600_000, openShard: '07', expiresAt: later },
  };
  const part = (partNumber: number) => ({
    ...{ group: 'c1#g#1', item: `part#${String(partNumber).padStart(4, '0')}` },
    ...{ partNumber, messageId: `message-${partNumber}`, expiresAt: later },
  });

  test('reads the group and its parts strongly, and counts from the parts', async () => {
    const { data, calls } = await ask(bob, query, {}, member, { Items: [group, part(1), part(3)].map(stored) });
    expect(calls[1]).toEqual({
      action: 'Query',
      input: {
        TableName: 'MultiPart',
        KeyConditionExpression: '#group = :group',
        ExpressionAttributeNames: { '#group': 'group' },
        ExpressionAttributeValues: { ':group': { S: 'c1#g#1' } },
        ScanIndexForward: true,
        Limit: 1001,
        ConsistentRead: true,
      },
    });
    expect(data).toEqual({
      multiPartGroup: {
        ...{ chatId: 'c1', groupId: 'g#1', senderId: carol.userId, status: 'open', totalParts: 4, receivedParts: 2 },
        ...{ missingParts: [2, 4], messageIds: ['message-1', 'message-3'], deadline: '2026-01-01T00:00:00.000Z' },
      },
    });
  });

  test.each([
    ['every part', Array.from({ length: 1000 }, (_, index) => index + 1), []],
    ['no part but the last', [1000], Array.from({ length: 999 }, (_, index) => index + 1)],
  ])('knows a thousand parts, with %s', async (_, numbers, missingParts) => {
    const items = [{ ...group, totalParts: 1000 }, ...numbers.map(part)].map(stored);
    const { data } = await ask(bob, query, {}, member, { Items: items });
    expect(data).toMatchObject({ multiPartGroup: { receivedParts: numbers.length, missingParts } });
    expect(data).toHaveProperty('multiPartGroup.messageIds.length', numbers.length);
  });

  test('is null when nothing is stored, or it is past its retention', async () => {
    expect((await ask(bob, query, {}, member, { Items: [] })).data).toEqual({ multiPartGroup: null });
    const ended = stored({ ...group, expiresAt: later - 7200 });
    expect((await ask(bob, query, {}, member, { Items: [ended] })).data).toEqual({ multiPartGroup: null });
  });

  test.each(['', 'x'.repeat(257)])('takes no group of another length than senders may name: %#', async (groupId) => {
    const { error, calls } = await ask(
      bob,
      'query($groupId: ID!) { multiPartGroup(chatId: "c1", groupId: $groupId) { status } }',
      { groupId },
    );
    expect(error).toMatchObject({ errorType: 'InvalidInput', message: expect.stringContaining('Invalid groupId') });
    expect(calls).toEqual([]);
  });
});

describe('chat', () => {
  const query = '{ chat(chatId: "c1") { chatId headSequence createdBy createdAt } }';

  test('reads the row strongly', async () => {
    const { data, calls } = await ask(bob, query, {}, member, {
      Item: stored({ chatId: 'c1', sequence: 4294967296, createdBy: 'x' }),
    });
    expect(calls[1]).toEqual({
      action: 'GetItem',
      input: { TableName: 'Chats', Key: { chatId: { S: 'c1' } }, ConsistentRead: true },
    });
    expect(data).toEqual({ chat: { chatId: 'c1', headSequence: 4294967296, createdBy: 'x', createdAt: null } });
  });

  test('is null when nothing is stored', async () => {
    expect((await ask(bob, query, {}, member, {})).data).toEqual({ chat: null });
  });
});

describe('message', () => {
  const query = `{ message(chatId: "c1", messageId: "${messageId}") { content payload sequence customSequence { number scope timestamp } multiPartMetadata { groupId } messageType } }`;

  test("shows content and payload as JSON, and the sender's own number", async () => {
    const { data, calls } = await ask(bob, query, {}, member, { Item: stored(messageRow) });
    expect(calls[1]?.input).toEqual({
      TableName: 'Messages',
      Key: stored({ chatId: 'c1', messageId }),
      ConsistentRead: true,
    });
    expect(data?.['message']).toEqual({
      content: '"Hello!"',
      payload: messageRow.payload,
      sequence: null,
      customSequence: { number: 7, scope: 'mine', timestamp: null },
      multiPartMetadata: null,
      messageType: 'fifo',
    });
  });

  test('shows the number the service gave', async () => {
    const { data } = await ask(bob, query, {}, member, { Item: stored({ ...messageRow, sequence: 42 }) });
    expect(data?.['message']).toMatchObject({
      sequence: 42,
      customSequence: { number: 42, scope: 'c1', timestamp: '2026-01-01T00:00:00.000Z' },
    });
  });

  test('is null past its retention, whatever TTL has not deleted', async () => {
    const { data } = await ask(bob, query, {}, member, { Item: stored({ ...messageRow, expiresAt: 1 }) });
    expect(data).toEqual({ message: null });
  });

  test('refuses an id that is no ULID before reading anything', async () => {
    const { error, calls } = await ask(bob, '{ message(chatId: "c1", messageId: "x") { messageId } }', {});
    expect(error?.errorType).toBe('InvalidInput');
    expect(calls).toEqual([]);
  });
});

describe('messages', () => {
  test('asks for the newest 50 and one more, and all ids when no time is given', async () => {
    const { calls } = await ask(bob, messages, { chatId: 'c1' }, member, { Items: [] });
    expect(calls[1]).toEqual({
      action: 'Query',
      input: {
        TableName: 'Messages',
        KeyConditionExpression: 'chatId = :chatId AND messageId BETWEEN :low AND :high',
        ExpressionAttributeValues: stored({ ':chatId': 'c1', ':low': '0', ':high': 'Z' }),
        ScanIndexForward: false,
        Limit: 51,
        ConsistentRead: true,
      },
    });
  });

  test('turns times into the lowest and highest id of their milliseconds', async () => {
    // The ULID specification's example: 01ARYZ6S41 is 1469918176385.
    const at = new Date(1469918176385).toISOString();
    const variables = { chatId: 'c1', from: at, to: at, newestFirst: false, limit: 1 };
    const { calls } = await ask(bob, messages, variables, member, { Items: [] });
    expect(calls[1]?.input).toMatchObject({
      ExpressionAttributeValues: stored({
        ':chatId': 'c1',
        ':low': '01ARYZ6S410000000000000000',
        ':high': '01ARYZ6S41ZZZZZZZZZZZZZZZZ',
      }),
      ScanIndexForward: true,
      Limit: 2,
    });
  });

  test('leaves out messages past their retention, and goes on behind them', async () => {
    const rows = [1, 2, 3].map((n) => ({
      ...messageRow,
      messageId: messageId.slice(0, 25) + String(n),
      expiresAt: n === 2 ? 1 : later,
    }));
    const { data } = await ask(bob, messages, { chatId: 'c1', limit: 2 }, member, { Items: rows.map(stored) });
    expect(data?.['messages']).toMatchObject({
      items: [{ messageId: rows[0]?.messageId }],
      nextToken: expect.any(String) as string,
    });
  });

  test('has no token on the last page', async () => {
    const { data } = await ask(bob, messages, { chatId: 'c1', limit: 2 }, member, {
      Items: [messageRow, messageRow].map(stored),
    });
    expect(data?.['messages']).toMatchObject({ nextToken: null });
  });

  test.each([
    ['newestFirst', true, { ':low': '0', ':high': '01ARZ3NDEKTSV4RRFFQ69G5FAT' }],
    ['oldest first', false, { ':low': '01ARZ3NDEKTSV4RRFFQ69G5FAV0', ':high': 'Z' }],
  ])('continues beyond the last message, %s, and the same way when asked again', async (_, newestFirst, bounds) => {
    const first = await ask(bob, messages, { chatId: 'c1', limit: 1, newestFirst }, member, {
      Items: [messageRow, messageRow].map(stored),
    });
    const { nextToken } = first.data?.['messages'] as { nextToken: string };
    for (let time = 0; time < 2; time++) {
      const { calls } = await ask(bob, messages, { chatId: 'c1', limit: 1, newestFirst, nextToken }, member, {
        Items: [],
      });
      expect(calls[1]?.input['ExpressionAttributeValues']).toEqual(stored({ ':chatId': 'c1', ...bounds }));
    }
  });

  test.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 101 }],
    ['from', { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    ['chatId', { chatId: 'a/b' }],
    ['chatId', { chatId: '' }],
    ['chatId', { chatId: 'a\n' }],
    ['chatId', { chatId: 'x'.repeat(129) }],
  ])('refuses a wrong %s: %j', async (name, variables) => {
    const { error, calls } = await ask(bob, messages, { chatId: 'c1', ...variables });
    expect(error).toMatchObject({ errorType: 'InvalidInput', message: expect.stringContaining(name) as string });
    expect(calls).toEqual([]);
  });
});

describe('a page token', () => {
  const tokenFor = async (chatId: string): Promise<string> => {
    const { data } = await ask(ada, messages, { chatId, limit: 1 }, { Items: [messageRow, messageRow].map(stored) });
    return (data?.['messages'] as { nextToken: string }).nextToken;
  };
  const encode = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64');

  test('of another chat, another time, another order or another field is refused', async () => {
    const nextToken = await tokenFor('c1');
    const elsewhere = [
      { chatId: 'c2' },
      { chatId: 'c1', from: '2026-01-01T00:00:00Z' },
      { chatId: 'c1', newestFirst: false },
    ];
    for (const variables of elsewhere) {
      const { error } = await ask(ada, messages, { ...variables, nextToken }, { Items: [] });
      expect(error?.errorType).toBe('InvalidInput');
    }
    const query =
      'query($nextToken: String) { messagesBySequence(chatId: "c1", from: 1, nextToken: $nextToken) { nextToken } }';
    expect((await ask(ada, query, { nextToken })).error?.errorType).toBe('InvalidInput');
  });

  test.each([
    ['empty', ''],
    ['not base64', '***'],
    ['not JSON', Buffer.from('hello!').toString('base64')],
    ['no object', encode(5)],
    ['null', encode(null)],
    ['without a position', encode({ field: 'messages', scope: '["c1",null,null,true]' })],
    ['with a position that is no id', encode({ field: 'messages', scope: '["c1",null,null,true]', after: 'zzz' })],
  ])('that is broken (%s) is refused', async (_, nextToken) => {
    const { error, calls } = await ask(ada, messages, { chatId: 'c1', nextToken });
    expect(error?.errorType).toBe('InvalidInput');
    expect(calls).toEqual([]);
  });

  test('with any one character changed, missing or added is refused', async () => {
    const token = await tokenFor('c1');
    // What follows the padding's first bits in the last digits is nobody's content: they may change.
    const content = token.replace(/.=*$/, '');
    const damaged = [...content].flatMap((character, at) => {
      const [before, after] = [token.slice(0, at), token.slice(at + 1)];
      const other = character === 'A' ? 'B' : 'A';
      return [before + other + after, before + after, before + other + character + after];
    });
    for (const nextToken of damaged) {
      const { error, calls } = await ask(ada, messages, { chatId: 'c1', nextToken });
      expect({ nextToken, type: error?.errorType, calls }).toEqual({ nextToken, type: 'InvalidInput', calls: [] });
    }
  });

  test('that was handed out reads the asked chat only', async () => {
    const nextToken = await tokenFor('c1');
    const { calls } = await ask(ada, messages, { chatId: 'c1', nextToken }, { Items: [] });
    expect(calls[0]?.input['ExpressionAttributeValues']).toMatchObject({ ':chatId': { S: 'c1' } });
  });
});

describe('messagesBySequence', () => {
  const query =
    'query($from: Float!, $to: Float, $limit: Int, $nextToken: String) { messagesBySequence(chatId: "c1", from: $from, to: $to, limit: $limit, nextToken: $nextToken) { items { sequence } nextToken } }';

  test('reads the index from low to high, and continues after the last number', async () => {
    const rows = [5, 6].map((sequence) => stored({ ...messageRow, sequence }));
    const first = await ask(bob, query, { from: 5, to: 9, limit: 1 }, member, { Items: rows });
    expect(first.calls[1]?.input).toEqual({
      TableName: 'Messages',
      IndexName: 'bySequence',
      KeyConditionExpression: 'chatId = :chatId AND #sequence BETWEEN :low AND :high',
      ExpressionAttributeNames: { '#sequence': 'sequence' },
      ExpressionAttributeValues: stored({ ':chatId': 'c1', ':low': 5, ':high': 9 }),
      ScanIndexForward: true,
      Limit: 2,
    });
    const { nextToken } = first.data?.['messagesBySequence'] as { nextToken: string };
    const second = await ask(bob, query, { from: 5, to: 9, nextToken }, member, { Items: [] });
    expect(second.calls[1]?.input['ExpressionAttributeValues']).toEqual(
      stored({ ':chatId': 'c1', ':low': 6, ':high': 9 }),
    );
  });

  test('asks for nothing once the last number is behind', async () => {
    const first = await ask(bob, query, { from: 5, to: 5, limit: 1 }, member, {
      Items: [stored({ ...messageRow, sequence: 5 })],
      LastEvaluatedKey: stored({ chatId: 'c1' }),
    });
    const { nextToken } = first.data?.['messagesBySequence'] as { nextToken: string };
    const second = await ask(bob, query, { from: 5, to: 5, limit: 1, nextToken }, member);
    expect(second.data).toEqual({ messagesBySequence: { items: [], nextToken: null } });
    expect(second.calls).toHaveLength(1);
  });

  test.each([{ from: -1 }, { from: 1.5 }, { from: 3, to: 2 }])('refuses %j', async (variables) => {
    expect((await ask(bob, query, variables)).error?.errorType).toBe('InvalidInput');
  });
});

describe('permission', () => {
  const query =
    'query($userId: ID!) { permission(userId: $userId, chatId: "c1") { userId role grantedBy grantedAt expiresAt } }';

  test('is there for the person themself, without another read', async () => {
    const { data, calls } = await ask(
      bob,
      query,
      { userId: bob.userId },
      { Item: stored({ ...memberRow, expiresAt: 4102444800 }) },
    );
    expect(calls).toHaveLength(1);
    expect(data?.['permission']).toMatchObject({ role: 'member', expiresAt: '2100-01-01T00:00:00.000Z' });
  });

  test('of someone else is there for an admin of the chat', async () => {
    const { data, calls } = await ask(bob, query, { userId: carol.userId }, adminOfChat, {
      Item: stored({ ...memberRow, userId: carol.userId }),
    });
    expect(calls.map((call) => call.input['Key'])).toEqual([
      stored({ userId: bob.userId, chatId: 'c1' }),
      stored({ userId: carol.userId, chatId: 'c1' }),
    ]);
    expect(data?.['permission']).toMatchObject({ userId: carol.userId });
  });

  test.each([member, nobody, { Item: stored({ ...memberRow, role: 'admin', expiresAt: 1 }) }])(
    'of someone else is not for others',
    async (own) => {
      expect((await ask(bob, query, { userId: carol.userId }, own)).error?.errorType).toBe('Forbidden');
    },
  );

  test('that has ended is null', async () => {
    const { data } = await ask(bob, query, { userId: bob.userId }, { Item: stored({ ...memberRow, expiresAt: 1 }) });
    expect(data).toEqual({ permission: null });
  });
});

describe('permissionsByUser', () => {
  const query =
    'query($userId: ID!, $limit: Int, $nextToken: String) { permissionsByUser(userId: $userId, limit: $limit, nextToken: $nextToken) { items { chatId } nextToken } }';

  test('reads the own permissions strongly, without ended ones', async () => {
    const rows = [memberRow, { ...memberRow, chatId: 'c2', expiresAt: 1 }];
    const { data, calls } = await ask(bob, query, { userId: bob.userId }, { Items: rows.map(stored) });
    expect(calls[0]?.input).toEqual({
      TableName: 'Permissions',
      KeyConditionExpression: 'userId = :userId',
      ExpressionAttributeValues: stored({ ':userId': bob.userId }),
      ScanIndexForward: true,
      Limit: 51,
      ConsistentRead: true,
    });
    expect(data?.['permissionsByUser']).toEqual({ items: [{ chatId: 'c1' }], nextToken: null });
  });

  test('continues after the last chat', async () => {
    const rows = ['c1', 'c2'].map((chatId) => stored({ ...memberRow, chatId }));
    const first = await ask(bob, query, { userId: bob.userId, limit: 1 }, { Items: rows });
    const { nextToken } = first.data?.['permissionsByUser'] as { nextToken: string };
    const { calls } = await ask(bob, query, { userId: bob.userId, nextToken }, { Items: [] });
    expect(calls[0]?.input).toMatchObject({
      KeyConditionExpression: 'userId = :userId AND chatId > :after',
      ExpressionAttributeValues: stored({ ':userId': bob.userId, ':after': 'c1' }),
    });
  });

  test('of others are for administrators only', async () => {
    expect((await ask(bob, query, { userId: carol.userId })).error?.errorType).toBe('Forbidden');
    expect((await ask(ada, query, { userId: carol.userId }, { Items: [] })).errors).toBeUndefined();
  });
});

describe('the row by which the permissions’ stream is watched', () => {
  test.each([
    '{ permissionsByUser(userId: "!beat") { items { chatId } } }',
    '{ permissionsByChat(chatId: "!beat") { items { userId } } }',
    '{ permission(userId: "!beat", chatId: "!beat") { chatId } }',
  ])('is shown to nobody, not even an administrator: %s', async (query) => {
    const { calls, error } = await ask(ada, query, {}, { Items: [] });
    expect(error?.errorType).toBe('InvalidInput');
    expect(calls).toEqual([]);
  });
});

describe('permissionsByChat', () => {
  const query =
    'query($nextToken: String) { permissionsByChat(chatId: "c1", limit: 1, nextToken: $nextToken) { items { userId } nextToken } }';

  test('reads the index for an admin of the chat, and continues after the last person', async () => {
    const rows = [bob.userId, carol.userId].map((userId) => stored({ ...memberRow, userId }));
    const first = await ask(bob, query, {}, adminOfChat, { Items: rows });
    expect(first.calls[1]?.input).toEqual({
      TableName: 'Permissions',
      IndexName: 'byChat',
      KeyConditionExpression: 'chatId = :chatId',
      ExpressionAttributeValues: stored({ ':chatId': 'c1' }),
      ScanIndexForward: true,
      Limit: 2,
    });
    const { nextToken } = first.data?.['permissionsByChat'] as { nextToken: string };
    const { calls } = await ask(bob, query, { nextToken }, adminOfChat, { Items: [] });
    expect(calls[1]?.input).toMatchObject({
      KeyConditionExpression: 'chatId = :chatId AND userId > :after',
      ExpressionAttributeValues: stored({ ':chatId': 'c1', ':after': bob.userId }),
    });
  });

  test('is not for a member', async () => {
    expect((await ask(bob, query, {}, member)).error?.errorType).toBe('Forbidden');
  });
});

describe('connections', () => {
  const row = (n: number, connectedAt: string) => ({
    connectionId: `id${n}=`,
    userId: bob.userId,
    chatId: 'c1',
    subscriber: `0f#${bob.userId}#id${n}=`,
    connectedAt,
    frames: 'single',
    accessExpiresAt: 4102444800,
    tokenExpiresAt: 4102444800,
    expiresAt: 4102444800,
  });
  const byChat =
    'query($nextToken: String) { connectionsByChat(chatId: "c1", limit: 1, nextToken: $nextToken) { items { connectionId accessExpiresAt } nextToken } }';
  const byUser = `query($nextToken: String) { connectionsByUser(userId: "${bob.userId}", limit: 1, nextToken: $nextToken) { items { connectionId accessExpiresAt } nextToken } }`;

  test.each([byChat, byUser])('are for administrators only, by the schema: %s', async (query) => {
    const { error, calls } = await ask(bob, query, {});
    expect(error).toMatchObject({
      errorType: 'Unauthorized',
      message: expect.stringMatching(/^Not Authorized to access \w+ on type Query$/) as string,
    });
    expect(calls).toEqual([]);
  });

  test('by chat come from the subscriptions, without those that ended', async () => {
    const ended = { ...row(1, '2026-01-01T00:00:00.000Z'), accessExpiresAt: 1 };
    const { data, calls } = await ask(
      ada,
      byChat,
      {},
      { Items: [ended, row(2, '2026-01-01T00:00:00.000Z')].map(stored) },
    );
    expect(calls[0]?.input).toMatchObject({
      TableName: 'Subscriptions',
      KeyConditionExpression: 'chatId = :chatId',
      ConsistentRead: true,
      Limit: 2,
    });
    const { items, nextToken } = data?.['connectionsByChat'] as { items: unknown[]; nextToken: string };
    expect(items).toEqual([]);
    const next = await ask(ada, byChat, { nextToken }, { Items: [] });
    expect(next.calls[0]?.input['ExpressionAttributeValues']).toEqual(
      stored({ ':chatId': 'c1', ':after': ended.subscriber }),
    );
  });

  test('by user miss none of several that began in the same millisecond', async () => {
    const at = '2026-01-01T00:00:00.000Z';
    const rows = [1, 2, 3].map((n) => row(n, at));
    const seen: string[] = [];
    let nextToken: string | null = null;
    do {
      // What DynamoDB would answer: rows from that time on, up to the limit.
      const { client, calls } = scriptedDynamoDb({ Items: rows.slice(0, seen.length + 2).map(stored) });
      const answer = await askerOf(client)(ada, byUser, { nextToken });
      const page = answer.data?.['connectionsByUser'] as {
        items: { connectionId: string }[];
        nextToken: string | null;
      };
      expect(calls[0]?.input['Limit']).toBe(2 + seen.length);
      seen.push(...page.items.map((item) => item.connectionId));
      nextToken = page.nextToken;
    } while (nextToken !== null && seen.length < 10);
    expect(seen).toEqual(['id1=', 'id2=', 'id3=']);
  });
});
