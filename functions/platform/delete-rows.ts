import { BatchWriteCommand, type BatchWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { pause } from './pause.ts';
import type { RowKey } from './read-together.ts';

/** Thrown when DynamoDB keeps handing deletions back: some of the rows may still be there. */
export class DeletionIncomplete extends Error {
  override readonly name = 'DeletionIncomplete';

  constructor() {
    super(`DynamoDB left deletions unprocessed after ${maxTries} tries.`);
  }
}

type Requests = NonNullable<BatchWriteCommandInput['RequestItems']>;

const maxTries = 4;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const writesPerCall = 25;

/** Deletes rows of one or more tables, 25 a call. Rows that are gone already do no harm. */
export async function deleteRows(keys: readonly RowKey[]): Promise<void> {
  for (let start = 0; start < keys.length; start += writesPerCall) {
    await deleteBatch(keys.slice(start, start + writesPerCall));
  }
}

async function deleteBatch(keys: readonly RowKey[]): Promise<void> {
  let requests: Requests = {};
  for (const { table, key } of keys) (requests[table] ??= []).push({ DeleteRequest: { Key: key } });
  for (let attempt = 0; Object.keys(requests).length > 0; attempt += 1) {
    if (attempt === maxTries) throw new DeletionIncomplete();
    if (attempt > 0) await pause(attempt - 1);
    const { UnprocessedItems = {} } = await dynamodb.send(new BatchWriteCommand({ RequestItems: requests }));
    requests = UnprocessedItems;
  }
}
