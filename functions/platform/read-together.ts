import { BatchGetCommand, type BatchGetCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { pause } from './pause.ts';

/** Thrown when DynamoDB keeps handing keys back: nothing is known about the rows asked for. */
export class ReadIncomplete extends Error {
  override readonly name = 'ReadIncomplete';

  constructor(left: number) {
    super(`DynamoDB left ${left} keys unread after ${maxTries} tries.`);
  }
}

/** One row to read: its table and its whole primary key. */
export interface RowKey {
  table: string;
  key: Record<string, string | number>;
}

type Row = Record<string, unknown>;
type Requests = NonNullable<BatchGetCommandInput['RequestItems']>;

const maxTries = 4;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const keysPerCall = 100;

/**
 * Reads rows of several tables in one strongly consistent BatchGetItem, or in several at once for more than 100 keys, and
 * again what it left unprocessed.
 *
 * @param keys distinct.
 * @returns the rows in the order of the keys, `undefined` where there is none.
 * @throws ReadIncomplete when keys stay unprocessed; AWS errors as they are.
 */
export async function readTogether(keys: readonly RowKey[]): Promise<(Row | undefined)[]> {
  if (keys.length <= keysPerCall) return readInOneCall(keys);
  const starts = Array.from({ length: Math.ceil(keys.length / keysPerCall) }, (_, index) => index * keysPerCall);
  return (await Promise.all(starts.map((start) => readInOneCall(keys.slice(start, start + keysPerCall))))).flat();
}

async function readInOneCall(keys: readonly RowKey[]): Promise<(Row | undefined)[]> {
  const found = new Map<string, Row[]>();
  let requests = requestsFor(keys);
  for (let attempt = 0; Object.keys(requests).length > 0; attempt += 1) {
    if (attempt === maxTries) throw new ReadIncomplete(countKeys(requests));
    if (attempt > 0) await pause(attempt - 1);
    const { Responses = {}, UnprocessedKeys = {} } = await dynamodb.send(
      new BatchGetCommand({ RequestItems: requests }),
    );
    for (const [table, rows] of Object.entries(Responses)) {
      found.set(table, [...(found.get(table) ?? []), ...rows]);
    }
    requests = UnprocessedKeys;
  }
  return keys.map(({ table, key }) => found.get(table)?.find((row) => holds(row, key)));
}

function requestsFor(keys: readonly RowKey[]): Requests {
  const requests: Record<string, { ConsistentRead: true; Keys: RowKey['key'][] }> = {};
  for (const { table, key } of keys) (requests[table] ??= { ConsistentRead: true, Keys: [] }).Keys.push(key);
  return requests;
}

function countKeys(requests: Requests): number {
  return Object.values(requests).reduce((sum, { Keys }) => sum + (Keys?.length ?? 0), 0);
}

function holds(row: Row, key: RowKey['key']): boolean {
  return Object.entries(key).every(([name, value]) => row[name] === value);
}
