import { ada, type Asker, askerOf, bob, carol, changesPerWindow } from './api.ts';
import { scriptedDynamoDb, stored } from './scripted-dynamodb.ts';

const permission = 'userId chatId role grantedBy grantedAt expiresAt';
const grant = `mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { ${permission} } }`;
const grants = `mutation($inputs: [GrantPermissionInput!]!) { grantPermissions(inputs: $inputs) { ${permission} } }`;
const revoke = `mutation($userId: ID!) { revokePermission(userId: $userId, chatId: "c1") { ${permission} } }`;

const row = (userId: string, role: string, chatId = 'c1') => ({
  userId,
  chatId,
  role,
  grantedBy: ada.userId,
  grantedAt: '2026-01-01T00:00:00.000Z',
});
/** What TransactGetItems answers: a row, or none, for each key. */
const found = (...rows: (Record<string, unknown> | null)[]) => ({
  Responses: rows.map((one) => (one ? { Item: stored(one) } : {})),
});
const cancelled = (...codes: string[]) => ({
  error: 'TransactionCanceledException',
  CancellationReasons: codes.map((Code) => ({ Code })),
});
const aTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

interface Item {
  [action: string]: Record<string, unknown>;
}

async function ask(
  asker: Asker,
  query: string,
  variables: Record<string, unknown>,
  ...replies: Parameters<typeof scriptedDynamoDb>
) {
  const { client, calls, counted } = scriptedDynamoDb(...replies);
  const answer = await askerOf(client)(asker, query, variables);
  const written = calls
    .filter(({ action }) => action === 'TransactWriteItems')
    .map(({ input }) => input['TransactItems'] as Item[]);
  return { ...answer, calls, counted, written, items: written[0] ?? [], error: answer.errors?.[0] };
}

const chatUpdate = (callerId: string, gained: number, condition: object = {}, values: object = {}) => ({
  Update: {
    TableName: 'Chats',
    Key: stored({ chatId: 'c1' }),
    UpdateExpression:
      'SET createdBy = if_not_exists(createdBy, :caller), createdAt = if_not_exists(createdAt, :now) ADD adminCount :gained',
    ...condition,
    ExpressionAttributeValues: {
      ':caller': { S: callerId },
      ':now': { S: aTime },
      ':gained': { N: String(gained) },
      ...values,
    },
  },
});

const needsAnother = { ConditionExpression: 'adminCount > :lost', ReturnValuesOnConditionCheckFailure: 'NONE' };

const callersRight = {
  ConditionCheck: {
    TableName: 'Permissions',
    Key: stored({ userId: bob.userId, chatId: 'c1' }),
    ConditionExpression: '#role = :admin AND (attribute_not_exists(expiresAt) OR expiresAt > :now)',
    ExpressionAttributeNames: { '#role': 'role' },
    ExpressionAttributeValues: { ':admin': { S: 'admin' }, ':now': { N: expect.stringMatching(/^\d{10}$/) as string } },
    ReturnValuesOnConditionCheckFailure: 'NONE',
  },
};

describe('grantPermission', () => {
  test('by an admin of the chat writes the permission, the chat and the right to do so in one transaction', async () => {
    const input = { userId: carol.userId, chatId: 'c1', expiresAt: '2100-01-01T00:00:00Z' };
    const { data, calls, items } = await ask(bob, grant, { input }, found(null, row(bob.userId, 'admin')), {});
    expect(calls).toHaveLength(2);
    expect(calls[0]).toEqual({
      action: 'TransactGetItems',
      input: {
        TransactItems: [
          { Get: { TableName: 'Permissions', Key: stored({ userId: carol.userId, chatId: 'c1' }) } },
          { Get: { TableName: 'Permissions', Key: stored({ userId: bob.userId, chatId: 'c1' }) } },
        ],
      },
    });
    expect(items).toEqual([
      {
        Put: {
          TableName: 'Permissions',
          Item: {
            ...stored({
              userId: carol.userId,
              chatId: 'c1',
              role: 'member',
              grantedBy: bob.userId,
              expiresAt: 4102444800,
            }),
            grantedAt: { S: aTime },
          },
          ConditionExpression: 'attribute_not_exists(#role) OR #role <> :admin',
          ExpressionAttributeNames: { '#role': 'role' },
          ExpressionAttributeValues: { ':admin': { S: 'admin' } },
          ReturnValuesOnConditionCheckFailure: 'NONE',
        },
      },
      chatUpdate(bob.userId, 0),
      callersRight,
    ]);
    expect(data?.['grantPermission']).toEqual({
      userId: carol.userId,
      chatId: 'c1',
      role: 'member',
      grantedBy: bob.userId,
      grantedAt: aTime,
      expiresAt: '2100-01-01T00:00:00.000Z',
    });
  });

  test('by an administrator, or in the chat named by the own id, needs no permission row', async () => {
    for (const [asker, chatId] of [
      [ada, 'c1'],
      [bob, bob.userId],
    ] as const) {
      const { calls, items } = await ask(asker, grant, { input: { userId: carol.userId, chatId } }, found(null), {});
      expect((calls[0]?.input['TransactItems'] as unknown[]).length).toBe(1);
      expect(items.map((item) => Object.keys(item)[0])).toEqual(['Put', 'Update']);
    }
  });

  test.each([
    ['no permission', null],
    ['member', row(bob.userId, 'member')],
    ['an admin row that has expired', { ...row(bob.userId, 'admin'), expiresAt: 1 }],
  ])('is Forbidden to one with %s', async (_, own) => {
    const { error, written } = await ask(
      bob,
      grant,
      { input: { userId: carol.userId, chatId: 'c1' } },
      found(null, own),
    );
    expect(error?.errorType).toBe('Forbidden');
    expect(written).toEqual([]);
  });

  test('is Forbidden once the caller lost the right between reading and writing', async () => {
    const lost = cancelled('None', 'None', 'ConditionalCheckFailed');
    const { error } = await ask(
      bob,
      grant,
      { input: { userId: carol.userId, chatId: 'c1' } },
      found(null, row(bob.userId, 'admin')),
      lost,
    );
    expect(error?.errorType).toBe('Forbidden');
  });

  test('of an admin counts one admin more', async () => {
    const { items } = await ask(
      ada,
      grant,
      { input: { userId: carol.userId, chatId: 'c1', role: 'admin' } },
      found(row(carol.userId, 'member')),
      {},
    );
    expect(items[1]).toEqual(chatUpdate(ada.userId, 1));
  });

  test('that lowers an admin needs another admin to be left', async () => {
    const input = { userId: carol.userId, chatId: 'c1', role: 'viewer' };
    const last = cancelled('None', 'ConditionalCheckFailed');
    const { items, error } = await ask(ada, grant, { input }, found(row(carol.userId, 'admin')), last);
    expect(items[0]?.['Put']?.['ConditionExpression']).toBe('#role = :admin');
    expect(items[1]).toEqual(chatUpdate(ada.userId, -1, needsAnother, { ':lost': { N: '1' } }));
    expect(error).toMatchObject({
      errorType: 'Conflict',
      message: 'The last admin of a chat cannot be removed or lowered.',
    });
  });

  test("understands the name AppSync's documentation gives to a failed condition", async () => {
    const input = { userId: carol.userId, chatId: 'c1', role: 'viewer' };
    const { error } = await ask(
      ada,
      grant,
      { input },
      found(row(carol.userId, 'admin')),
      cancelled('None', 'ConditionCheckFailed'),
    );
    expect(error?.errorType).toBe('Conflict');
  });

  test('in the chat of a user id needs no other admin to be left, since that user is one', async () => {
    const input = { userId: carol.userId, chatId: bob.userId };
    const { items } = await ask(bob, grant, { input }, found(row(carol.userId, 'admin', bob.userId)), {});
    expect(items[1]?.['Update']).not.toHaveProperty('ConditionExpression');
  });

  test('to oneself has one item for the permission and the right', async () => {
    const input = { userId: bob.userId, chatId: 'c1', role: 'member' };
    const { calls, items } = await ask(bob, grant, { input }, found(row(bob.userId, 'admin')), {});
    expect((calls[0]?.input['TransactItems'] as unknown[]).length).toBe(1);
    expect(items.map((item) => Object.keys(item)[0])).toEqual(['Put', 'Update']);
    expect(items[0]?.['Put']?.['ConditionExpression']).toBe(callersRight.ConditionCheck.ConditionExpression);
  });

  test('reads again when the permission changed in between', async () => {
    const changed = cancelled('ConditionalCheckFailed', 'None');
    const input = { userId: carol.userId, chatId: 'c1' };
    const { written, errors } = await ask(
      ada,
      grant,
      { input },
      found(null),
      changed,
      found(row(carol.userId, 'admin')),
      {},
    );
    expect(errors).toBeUndefined();
    expect(written.map((items) => items[1]?.['Update']?.['ExpressionAttributeValues'])).toEqual([
      expect.objectContaining({ ':gained': { N: '0' } }),
      expect.objectContaining({ ':gained': { N: '-1' } }),
    ]);
  });

  test('gives up as Throttled after three tries', async () => {
    const busy = cancelled('None', 'TransactionConflict');
    const input = { userId: carol.userId, chatId: 'c1' };
    const { calls, error } = await ask(
      ada,
      grant,
      { input },
      found(null),
      busy,
      cancelled('TransactionConflict'),
      found(null),
      busy,
    );
    expect(calls.map(({ action }) => action)).toEqual([
      ...['TransactGetItems', 'TransactWriteItems'],
      'TransactGetItems',
      ...['TransactGetItems', 'TransactWriteItems'],
    ]);
    expect(error?.errorType).toBe('Throttled');
  });

  test.each([
    [{ userId: carol.userId, chatId: 'c 1' }, 'chatId'],
    [{ userId: '', chatId: 'c1' }, 'userId'],
    [{ userId: carol.userId, chatId: 'c1', role: 'admin', expiresAt: '2100-01-01T00:00:00Z' }, 'expiresAt'],
    [{ userId: carol.userId, chatId: 'c1', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('refuses %j as InvalidInput', async (input, name) => {
    const { error, calls } = await ask(ada, grant, { input });
    expect(error).toMatchObject({ errorType: 'InvalidInput', message: expect.stringContaining(name) as string });
    expect(calls).toEqual([]);
  });
});

describe('grantPermissions', () => {
  const people = (count: number) => Array.from({ length: count }, (_, n) => ({ userId: `user-${n}`, chatId: 'c1' }));

  test('of one chat share the update of its row and the check of the right', async () => {
    const inputs = [
      { userId: 'u1', chatId: 'c1', role: 'admin' },
      { userId: 'u2', chatId: 'c1', role: 'member' },
      { userId: 'u3', chatId: 'c1', role: 'admin' },
    ];
    const rows = found(null, row('u2', 'admin'), null, row(bob.userId, 'admin'));
    const { items, data } = await ask(bob, grants, { inputs }, rows, {});
    expect(items.slice(3)).toEqual([chatUpdate(bob.userId, 1), callersRight]);
    expect((data?.['grantPermissions'] as unknown[]).length).toBe(3);
  });

  test('may be 25 in as many chats', async () => {
    const inputs = Array.from({ length: 25 }, (_, n) => ({ userId: 'u', chatId: `c${n}` }));
    const rows = found(...inputs.map(() => null), ...inputs.map(({ chatId }) => row(bob.userId, 'admin', chatId)));
    const { items, errors } = await ask(bob, grants, { inputs }, rows, {});
    expect(errors).toBeUndefined();
    expect(items).toHaveLength(75);
  });

  test.each([0, 26])('refuse %d inputs', async (count) => {
    expect((await ask(ada, grants, { inputs: people(count) })).error?.errorType).toBe('InvalidInput');
  });

  test('name every wrong input', async () => {
    const inputs = [...people(2), { userId: 'user-0', chatId: 'c1' }, { userId: '/', chatId: 'c1' }];
    const { error, calls } = await ask(ada, grants, { inputs });
    expect(calls).toEqual([]);
    expect(error?.errorType).toBe('InvalidInput');
    expect(error?.message).toContain('inputs[2]: Invalid userId and chatId: inputs[0] names the same permission');
    expect(error?.errorInfo?.items?.map(({ index }) => index)).toEqual([2, 3]);
  });

  test('name the inputs whose chats the caller may not change, and grant none', async () => {
    const inputs = [
      { userId: 'u', chatId: 'c1' },
      { userId: 'u', chatId: 'c2' },
    ];
    const { error, written } = await ask(bob, grants, { inputs }, found(null, null, row(bob.userId, 'admin'), null));
    expect(written).toEqual([]);
    expect(error).toMatchObject({
      errorType: 'Forbidden',
      errorInfo: { items: [{ index: 1, errorType: 'Forbidden' }] },
    });
  });

  test('name the inputs that would leave a chat without an admin', async () => {
    const inputs = [
      { userId: 'u1', chatId: 'c1' },
      { userId: 'u2', chatId: 'c1' },
      { userId: 'u3', chatId: 'c1' },
    ];
    const rows = found(row('u1', 'admin'), null, row('u3', 'admin'));
    const { error, items } = await ask(
      ada,
      grants,
      { inputs },
      rows,
      cancelled('None', 'None', 'None', 'ConditionalCheckFailed'),
    );
    expect(items[3]).toEqual(chatUpdate(ada.userId, -2, needsAnother, { ':lost': { N: '2' } }));
    expect(error?.errorType).toBe('Conflict');
    expect(error?.errorInfo?.items?.map(({ index }) => index)).toEqual([0, 2]);
  });
});

describe('revokePermission', () => {
  test('deletes the very row that was read, and returns it', async () => {
    const { items, data } = await ask(ada, revoke, { userId: carol.userId }, found(row(carol.userId, 'member')), {});
    expect(items).toEqual([
      {
        Delete: {
          TableName: 'Permissions',
          Key: stored({ userId: carol.userId, chatId: 'c1' }),
          ConditionExpression: '#role = :role AND grantedAt = :grantedAt',
          ExpressionAttributeNames: { '#role': 'role' },
          ExpressionAttributeValues: stored({ ':role': 'member', ':grantedAt': '2026-01-01T00:00:00.000Z' }),
          ReturnValuesOnConditionCheckFailure: 'NONE',
        },
      },
      chatUpdate(ada.userId, 0),
    ]);
    expect(data?.['revokePermission']).toEqual({ ...row(carol.userId, 'member'), expiresAt: null });
  });

  test.each([null, { ...row(carol.userId, 'member'), expiresAt: 1 }])(
    'of a permission that is not, any more, is NotFound',
    async (gone) => {
      const { error, written } = await ask(ada, revoke, { userId: carol.userId }, found(gone));
      expect(error?.errorType).toBe('NotFound');
      expect(written).toEqual([]);
    },
  );

  test('is Forbidden to a member, whether there is something to revoke or not', async () => {
    for (const target of [null, row(carol.userId, 'member')]) {
      const { error } = await ask(bob, revoke, { userId: carol.userId }, found(target, row(bob.userId, 'member')));
      expect(error).toMatchObject({
        errorType: 'Forbidden',
        message: 'Forbidden: you do not have the permission this needs.',
      });
    }
  });

  test('of the last admin is a Conflict, for administrators, too', async () => {
    const last = cancelled('None', 'ConditionalCheckFailed');
    expect(
      (await ask(ada, revoke, { userId: carol.userId }, found(row(carol.userId, 'admin')), last)).error?.errorType,
    ).toBe('Conflict');
  });

  test('of oneself, by an admin, has one item for the permission and the right', async () => {
    const { items } = await ask(bob, revoke, { userId: bob.userId }, found(row(bob.userId, 'admin')), {});
    expect(items.map((item) => Object.keys(item)[0])).toEqual(['Delete', 'Update']);
  });
});

describe('leaving a chat', () => {
  test('is anybody’s: whoever has a permission may revoke it', async () => {
    const { items, data } = await ask(bob, revoke, { userId: bob.userId }, found(row(bob.userId, 'viewer')), {});
    expect(items.map((item) => Object.keys(item)[0])).toEqual(['Delete', 'Update']);
    expect(data?.['revokePermission']).toMatchObject({ userId: bob.userId, role: 'viewer' });
  });

  test('without a permission is NotFound, whether there is such a chat or not', async () => {
    const { error, written } = await ask(bob, revoke, { userId: bob.userId }, found(null));
    expect(error).toMatchObject({ errorType: 'NotFound', message: 'There is no such permission.' });
    expect(written).toEqual([]);
  });

  test('is refused to the last admin', async () => {
    const last = cancelled('None', 'ConditionalCheckFailed');
    const { error } = await ask(bob, revoke, { userId: bob.userId }, found(row(bob.userId, 'admin')), last);
    expect(error?.errorType).toBe('Conflict');
  });
});

describe('changes are counted', () => {
  test('each of a batch, before anything is read, in the window they are asked for', async () => {
    const inputs = [carol, ada].map(({ userId }) => ({ userId, chatId: 'c1' }));
    const { counted } = await ask(bob, grants, { inputs }, found(null, null, row(bob.userId, 'admin')), {});
    expect(counted).toEqual([
      {
        action: 'UpdateItem',
        input: {
          TableName: 'RateLimits',
          Key: { subject: { S: `permissions#${bob.userId}` }, window: { N: expect.stringMatching(/^\d{9}0$/) } },
          UpdateExpression: 'ADD #count :amount SET expiresAt = :expiresAt',
          ExpressionAttributeNames: { '#count': 'count' },
          ExpressionAttributeValues: { ':amount': { N: '2' }, ':expiresAt': { N: expect.stringMatching(/^\d{9}0$/) } },
          ReturnValues: 'ALL_NEW',
        },
      },
    ]);
  });

  test('those of a caller who may not, too; not what cannot be meant', async () => {
    expect((await ask(bob, revoke, { userId: carol.userId }, found(null, null))).counted).toHaveLength(1);
    const { counted } = await ask(bob, grant, { input: { userId: 'no body', chatId: 'c1' } });
    expect(counted).toEqual([]);
  });

  test('and beyond the allowance nothing is read or written', async () => {
    const { client, calls } = scriptedDynamoDb();
    const askMany = askerOf(client);
    const inputs = Array.from({ length: 25 }, (_, index) => ({ userId: `person-${index}`, chatId: 'c1' }));
    for (let asked = 0; asked < changesPerWindow; asked += 25) await askMany(bob, grants, { inputs });
    const before = calls.length;
    expect(before).toBeGreaterThan(0);
    const create = 'mutation { createChat(chatId: "c2") { chatId } }';
    const [error] = (await askMany(bob, create)).errors ?? [];
    expect(error).toMatchObject({ errorType: 'TooManyRequests', message: 'Too many requests' });
    const { retryAfterMs } = error?.errorInfo as unknown as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(10_000);
    expect((await askMany(bob, revoke, { userId: carol.userId })).errors?.[0]?.errorType).toBe('TooManyRequests');
    expect(calls).toHaveLength(before);
  });
});

describe('createChat', () => {
  const create = 'mutation($chatId: ID) { createChat(chatId: $chatId) { chatId headSequence createdBy createdAt } }';

  test('makes the caller admin of a name that is free', async () => {
    const { items, calls, data } = await ask(bob, create, { chatId: 'team:1' }, {});
    expect(calls).toHaveLength(1);
    expect(items).toEqual([
      {
        Put: {
          TableName: 'Chats',
          Item: { ...stored({ chatId: 'team:1', adminCount: 1, createdBy: bob.userId }), createdAt: { S: aTime } },
          ConditionExpression: 'attribute_not_exists(chatId)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      {
        Put: {
          TableName: 'Permissions',
          Item: {
            ...stored({ userId: bob.userId, chatId: 'team:1', role: 'admin', grantedBy: bob.userId }),
            grantedAt: { S: aTime },
          },
        },
      },
    ]);
    expect(data?.['createChat']).toEqual({
      chatId: 'team:1',
      headSequence: 0,
      createdBy: bob.userId,
      createdAt: aTime,
    });
  });

  test('makes a name up when given none', async () => {
    const { data } = await ask(bob, create, {}, {});
    expect((data?.['createChat'] as { chatId: string }).chatId).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  test.each([
    { chatId: 'c1', adminCount: 0 },
    { chatId: 'c1', sequence: 3 },
  ])('is a Conflict when the chat has a row: %j', async (existing) => {
    const taken = {
      error: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ConditionalCheckFailed', Item: stored(existing) }, { Code: 'None' }],
    };
    expect((await ask(bob, create, { chatId: 'c1' }, taken)).error?.errorType).toBe('Conflict');
  });

  test.each([bob.userId, bob.userId.toUpperCase(), 'abcdefghijklmnopqrstuvwxyz', '', 'a b'])(
    'refuses the name "%s"',
    async (chatId) => {
      const { error, calls } = await ask(ada, create, { chatId });
      expect(error?.errorType).toBe('InvalidInput');
      expect(calls).toEqual([]);
    },
  );

  test('is Throttled when DynamoDB is busy with the chat', async () => {
    expect((await ask(bob, create, { chatId: 'c1' }, cancelled('TransactionConflict', 'None'))).error?.errorType).toBe(
      'Throttled',
    );
  });
});
