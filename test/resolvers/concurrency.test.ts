import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { type Engine, startEngine } from '../../local/dynamodb/engine.ts';
import { ada, type Answer, type Ask, type Asker, askerOf, bob } from './api.ts';

let engine: Engine;
let client: DynamoDBClient;
let ask: Ask;
const dataFolder = mkdtempSync(join(tmpdir(), 'access-plane-'));

beforeAll(async () => {
  engine = await startEngine({ dataFolder });
  client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: engine.url,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  ask = askerOf(client);
  await createTable('Chats', 'chatId');
  await createTable('Permissions', 'userId', 'chatId', 'byChat');
  await createTable('RateLimits', 'subject', 'window');
});

afterAll(async () => {
  client.destroy();
  await engine.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

async function createTable(TableName: string, partition: string, sort?: string, index?: string): Promise<void> {
  const keys = (...names: string[]) =>
    names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? ('HASH' as const) : ('RANGE' as const) }));
  const names = sort ? [partition, sort] : [partition];
  const indexes =
    index && sort
      ? [{ IndexName: index, KeySchema: keys(sort, partition), Projection: { ProjectionType: 'ALL' as const } }]
      : undefined;
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: keys(...names),
      AttributeDefinitions: names.map((AttributeName) => ({
        AttributeName,
        AttributeType: AttributeName === 'window' ? 'N' : 'S',
      })),
      ...(indexes ? { GlobalSecondaryIndexes: indexes } : {}),
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}

const person = (n: number): string => `person-${n}`;
const create = (asker: Asker, chatId: string) =>
  ask(asker, 'mutation($chatId: ID) { createChat(chatId: $chatId) { chatId } }', { chatId });
const grant = (asker: Asker, userId: string, chatId: string, role: string) =>
  ask(asker, 'mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { role } }', {
    input: { userId, chatId, role },
  });
const revoke = (asker: Asker, userId: string, chatId: string) =>
  ask(asker, 'mutation($userId: ID!, $chatId: ID!) { revokePermission(userId: $userId, chatId: $chatId) { role } }', {
    userId,
    chatId,
  });
const outcome = ({ errors }: Answer): string => errors?.[0]?.errorType ?? 'done';

/** Tries again for as long as others get in between, as clients are told to. */
async function persist(act: () => Promise<Answer>): Promise<string> {
  for (;;) {
    const result = outcome(await act());
    if (result !== 'Throttled') return result;
  }
}

/** Who holds an admin row in a chat, and how many the chat's own row counts. */
async function admins(chatId: string): Promise<{ rows: string[]; counted: number }> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: 'Permissions',
      IndexName: 'byChat',
      KeyConditionExpression: 'chatId = :chatId',
      ExpressionAttributeValues: { ':chatId': { S: chatId } },
    }),
  );
  const { Item } = await client.send(
    new GetItemCommand({ TableName: 'Chats', Key: { chatId: { S: chatId } }, ConsistentRead: true }),
  );
  const rows = Items.filter((item) => item['role']?.S === 'admin').map((item) => item['userId']?.S ?? '');
  return { rows, counted: Number(item(Item, 'adminCount')) };
}

function item(row: Record<string, { N?: string }> | undefined, name: string): string | undefined {
  return row?.[name]?.N;
}

describe('many changes at once', () => {
  test('of twenty who create the same chat, one is its admin', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => create({ userId: person(n) }, 'raced').then(outcome)),
    );
    expect(answers.filter((result) => result === 'done')).toHaveLength(1);
    const winner = person(answers.indexOf('done'));
    expect(await admins('raced')).toEqual({ rows: [winner], counted: 1 });
  });

  test('of twenty admins who are all revoked, one stays', async () => {
    await create(bob, 'emptied');
    for (let n = 1; n < 20; n++) expect(outcome(await grant(ada, person(n), 'emptied', 'admin'))).toBe('done');
    const everyone = [bob.userId, ...Array.from({ length: 19 }, (_, n) => person(n + 1))];
    const results = await Promise.all(everyone.map((userId) => persist(() => revoke(ada, userId, 'emptied'))));
    expect(results.filter((result) => result === 'Conflict')).toHaveLength(1);
    const left = await admins('emptied');
    expect(left).toEqual({ rows: [everyone[results.indexOf('Conflict')]], counted: 1 });
  });

  test('of admins who lower each other, one stays, and nobody acts on a right already lost', async () => {
    await create({ userId: person(0) }, 'feud');
    for (let n = 1; n < 10; n++) await grant(ada, person(n), 'feud', 'admin');
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        persist(() => grant({ userId: person(n) }, person((n + 1) % 10), 'feud', 'viewer')),
      ),
    );
    const { rows, counted } = await admins('feud');
    expect(counted).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(1);
    expect(results.filter((result) => result === 'done')).toHaveLength(10 - rows.length);
    expect(new Set(results)).toEqual(
      new Set(['done', 'Forbidden', ...results.filter((result) => result === 'Conflict')]),
    );
  });

  test('grants, downgrades and revocations leave a count that tells the truth', async () => {
    await create(bob, 'busy');
    const roles = ['admin', 'member', 'viewer'];
    const acts = Array.from({ length: 60 }, (_, n) => () => {
      const who = person(n % 7);
      return n % 4 === 3 ? revoke(ada, who, 'busy') : grant(ada, who, 'busy', roles[n % 3] ?? 'member');
    });
    const results = await Promise.all(acts.map(persist));
    expect(results.filter((result) => !['done', 'NotFound'].includes(result))).toEqual([]);
    const { rows, counted } = await admins('busy');
    expect(rows).toContain(bob.userId);
    expect(counted).toBe(rows.length);
  });
});

describe('a chat made by the message processor alone', () => {
  test('cannot be taken over by creating it, and a first grant adds to its row', async () => {
    await client.send(
      new PutItemCommand({ TableName: 'Chats', Item: { chatId: { S: 'talked' }, sequence: { N: '7' } } }),
    );
    expect(outcome(await create(bob, 'talked'))).toBe('Conflict');
    expect(outcome(await grant(ada, bob.userId, 'talked', 'admin'))).toBe('done');
    const { data } = await ask(bob, '{ chat(chatId: "talked") { headSequence createdBy } }');
    expect(data).toEqual({ chat: { headSequence: 7, createdBy: ada.userId } });
    expect(await admins('talked')).toEqual({ rows: [bob.userId], counted: 1 });
  });
});

test('a batch with one grant that cannot be leaves no other behind', async () => {
  await create(bob, 'whole');
  const inputs = [
    { userId: person(1), chatId: 'whole', role: 'member' },
    { userId: bob.userId, chatId: 'whole', role: 'viewer' },
  ];
  const { errors } = await ask(
    ada,
    'mutation($inputs: [GrantPermissionInput!]!) { grantPermissions(inputs: $inputs) { userId } }',
    { inputs },
  );
  expect(errors?.[0]).toMatchObject({ errorType: 'Conflict', errorInfo: { items: [{ index: 1 }] } });
  const { data } = await ask(ada, `{ permission(userId: "${person(1)}", chatId: "whole") { role } }`);
  expect(data).toEqual({ permission: null });
});
