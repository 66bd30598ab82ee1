import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbDataSource } from '../../../local/appsync/data-sources/dynamodb.ts';
import { PageTokens } from '../../../local/appsync/data-sources/page-tokens.ts';
import { dynamodbModule as ddb } from '../../../local/appsync/util/dynamodb-module.ts';
import { dynamodbUtil } from '../../../local/appsync/util/dynamodb-values.ts';
import { type Engine, startEngine } from '../../../local/dynamodb/engine.ts';

let engine: Engine;
let client: DynamoDBClient;
let table: DynamoDbDataSource;
const dataFolder = mkdtempSync(join(tmpdir(), 'appsync-dynamodb-'));

beforeAll(async () => {
  engine = await startEngine({ dataFolder });
  client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: engine.url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await client.send(
    new CreateTableCommand({
      TableName: 'Posts',
      KeySchema: [
        { AttributeName: 'author', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'author', AttributeType: 'S' },
        { AttributeName: 'id', AttributeType: 'N' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  table = new DynamoDbDataSource('Posts', client, new PageTokens('test'));
});

afterAll(async () => {
  client.destroy();
  await engine.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

const put = (author: string, id: number, item: object = {}) => table.run(ddb.put({ key: { author, id }, item }));
const key = (author: string, id: number) => dynamodbUtil.toMapValues({ author, id });

test('a put answers the whole item, a get what is stored, or null', async () => {
  const item = { title: 'x', list: [1, 'a', null], flag: true, map: { deep: { er: 1.5 } } };
  expect(await put('get', 1, item)).toEqual({ result: { author: 'get', id: 1, ...item } });
  expect(await table.run(ddb.get({ key: { author: 'get', id: 1 } }))).toEqual({
    result: { author: 'get', id: 1, ...item },
  });
  expect(await table.run(ddb.get({ key: { author: 'get', id: 2 } }))).toEqual({ result: null });
});

test('sets come back as lists', async () => {
  const attributeValues = { tags: dynamodbUtil.toStringSet(['a', 'b']), counts: dynamodbUtil.toNumberSet([2, 1]) };
  await table.run({ operation: 'PutItem', key: key('set', 1), attributeValues });
  const { result } = (await table.run({ operation: 'GetItem', key: key('set', 1) })) as {
    result: { tags: string[]; counts: number[] };
  };
  expect([[...result.tags].sort(), [...result.counts].sort()]).toEqual([
    ['a', 'b'],
    [1, 2],
  ]);
});

test('an update answers the item as it became, a delete as it was', async () => {
  await put('update', 1, { count: 1, old: true });
  const update = { count: ddb.operations.increment(2), old: ddb.operations.remove(), title: 'x' };
  expect(await table.run(ddb.update({ key: { author: 'update', id: 1 }, update }))).toEqual({
    result: { author: 'update', id: 1, count: 3, title: 'x' },
  });
  expect(await table.run(ddb.remove({ key: { author: 'update', id: 1 } }))).toEqual({
    result: { author: 'update', id: 1, count: 3, title: 'x' },
  });
  expect(await table.run(ddb.remove({ key: { author: 'update', id: 1 } }))).toEqual({ result: null });
});

test('a failed condition is an error with the stored item; one that fails on the wished item is none', async () => {
  const condition = { id: { attributeExists: false } };
  const wished = ddb.put({ key: { author: 'condition', id: 1 }, item: { a: 1 }, condition });
  await table.run(wished);
  expect(await table.run(wished)).toEqual({ result: { author: 'condition', id: 1, a: 1 } });
  const other = await table.run(ddb.put({ key: { author: 'condition', id: 1 }, item: { a: 2 }, condition }));
  expect(other).toMatchObject({ result: { a: 1 }, error: { type: 'DynamoDB:ConditionalCheckFailedException' } });
});

test('queries page through tokens, which hold for nothing else', async () => {
  for (const id of [1, 2, 3]) await put('query', id);
  const page = (nextToken?: string | null) =>
    table.run(
      ddb.query({
        query: { author: { eq: 'query' } },
        limit: 2,
        scanIndexForward: false,
        nextToken,
        consistentRead: true,
      }),
    ) as Promise<{
      result: { items: { id: number }[]; nextToken: string | null; scannedCount: number };
      error?: { type: string };
    }>;
  const { result: first } = await page();
  expect(first).toMatchObject({
    items: [{ id: 3 }, { id: 2 }],
    scannedCount: 2,
    nextToken: expect.any(String) as string,
  });
  for (let time = 0; time < 2; time++) {
    expect((await page(first.nextToken)).result).toMatchObject({ items: [{ id: 1 }], nextToken: null });
  }
  expect((await page('forged')).error?.type).toBe('DynamoDB:ValidationException');
});

test('scans filter and project', async () => {
  await put('scan', 1, { kind: 'scanned', other: 1 });
  const { result } = await table.run(ddb.scan({ filter: { kind: { eq: 'scanned' } }, projection: ['id', 'kind'] }));
  expect(result).toMatchObject({ items: [{ id: 1, kind: 'scanned' }] });
});

test('batches answer in the order asked, with null for what is not there', async () => {
  await table.run(
    ddb.batchPut({
      tables: {
        Posts: [
          { author: 'batch', id: 1 },
          { author: 'batch', id: 2 },
        ],
      },
    }),
  );
  const keys = [
    { author: 'batch', id: 2 },
    { author: 'batch', id: 9 },
    { author: 'batch', id: 1 },
  ];
  expect(await table.run(ddb.batchGet({ tables: { Posts: { keys } } }))).toEqual({
    result: { data: { Posts: [keys[0], null, keys[2]] }, unprocessedKeys: {} },
  });
  await table.run(ddb.batchDelete({ tables: { Posts: [{ author: 'batch', id: 1 }] } }));
  expect(await table.run(ddb.get({ key: { author: 'batch', id: 1 } }))).toEqual({ result: null });
});

test('a transaction answers keys or items, or the reasons why not, in order', async () => {
  const write = (condition: object) =>
    table.run(
      ddb.transactWrite({
        items: [
          { putItem: { table: 'Posts', key: { author: 'transact', id: 1 }, item: { a: 1 } } },
          { conditionCheck: { table: 'Posts', key: { author: 'transact', id: 2 }, condition } },
        ],
      }),
    );
  expect(await write({ id: { attributeExists: false } })).toEqual({
    result: {
      keys: [
        { author: 'transact', id: 1 },
        { author: 'transact', id: 2 },
      ],
      cancellationReasons: null,
    },
  });
  await put('transact', 2, { b: 1 });
  const failed = await write({ id: { attributeExists: false } });
  expect(failed.error?.type).toBe('DynamoDB:TransactionCanceledException');
  expect(failed.result).toMatchObject({
    keys: null,
    cancellationReasons: [{ type: 'None' }, { type: 'ConditionalCheckFailed', item: { b: 1 } }],
  });
  const items = [1, 3].map((id) => ({ table: 'Posts', key: { author: 'transact', id } }));
  expect(await table.run(ddb.transactGet({ items }))).toEqual({
    result: { items: [{ author: 'transact', id: 1, a: 1 }, null], cancellationReasons: null },
  });
});

test.each([
  [{ operation: 'Sync' }, 'has no operation Sync'],
  [{ operation: 'GetItem' }, 'GetItem needs key'],
  [{ operation: 'GetItem', key: {}, returnConsumedCapacity: 'TOTAL' }, 'GetItem does not take returnConsumedCapacity'],
  [{ operation: 'PutItem', key: {}, attributeValues: {}, _version: 1 }, 'PutItem does not take _version'],
])('refuses the request %j', async (request, message) => {
  await expect(table.run(request)).rejects.toThrow(message);
});
