import { isDeepStrictEqual } from 'node:util';
import { BatchGetItemCommand, BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Outcome } from './outcome.ts';
import { reading, type RequestObject, required, takeOnly } from './requests.ts';
import { fromAttributes, fromItem, toAttributes } from './values.ts';

/** BatchGetItem: per table the items in the order of the keys, null where there is none. */
export async function batchGet(client: DynamoDBClient, request: RequestObject): Promise<Outcome> {
  takeOnly(request, 'BatchGetItem', ['tables']);
  const tables = Object.entries(required(request, 'BatchGetItem', 'tables')) as [string, RequestObject][];
  const asked = tables.map(([table, { keys, ...rest }]) => ({
    table,
    keys: (keys as RequestObject[]).map(toAttributes),
    rest,
  }));
  const RequestItems = Object.fromEntries(
    asked.map(({ table, keys, rest }) => [table, { Keys: keys, ...reading(rest) }]),
  );
  const { Responses = {}, UnprocessedKeys = {} } = await client.send(new BatchGetItemCommand({ RequestItems }));
  const data = asked.map(({ table, keys }) => {
    const found = (Responses[table] ?? []).map(fromAttributes);
    const matches = (key: Record<string, unknown>) =>
      found.find((item) => Object.keys(key).every((name) => isDeepStrictEqual(item[name], key[name])));
    return [table, keys.map((key) => matches(fromAttributes(key)) ?? null)];
  });
  const unprocessed = Object.entries(UnprocessedKeys).map(([table, { Keys = [] }]) => [
    table,
    Keys.map(fromAttributes),
  ]);
  return {
    result: {
      data: Object.fromEntries(data) as unknown,
      unprocessedKeys: Object.fromEntries(unprocessed) as unknown,
    },
  };
}

/** BatchPutItem and BatchDeleteItem: per table what was written, and what DynamoDB left over. */
export async function batchWrite(
  client: DynamoDBClient,
  request: RequestObject,
  kind: 'PutRequest' | 'DeleteRequest',
  member: 'Item' | 'Key',
): Promise<Outcome> {
  takeOnly(request, String(request['operation']), ['tables']);
  const tables = Object.entries(required(request, String(request['operation']), 'tables')) as [
    string,
    RequestObject[],
  ][];
  const written = tables.map(([table, items]) => [table, items.map(toAttributes)] as const);
  const RequestItems = Object.fromEntries(
    written.map(([table, items]) => [table, items.map((item) => ({ [kind]: { [member]: item } }) as never)]),
  );
  const { UnprocessedItems = {} } = await client.send(new BatchWriteItemCommand({ RequestItems }));
  const unprocessed = Object.entries(UnprocessedItems).map(([table, requests]) => [
    table,
    requests.map(({ PutRequest, DeleteRequest }) => fromItem(PutRequest?.Item ?? DeleteRequest?.Key)),
  ]);
  const leftOver = kind === 'PutRequest' ? 'unprocessedItems' : 'unprocessedKeys';
  const data = written.map(([table, items]) => [table, items.map(fromAttributes)]);
  return {
    result: { data: Object.fromEntries(data) as unknown, [leftOver]: Object.fromEntries(unprocessed) as unknown },
  };
}
