import { BatchWriteCommand, type BatchWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { pause } from './pause.ts';

/** Thrown when DynamoDB keeps handing writes back: some of them are done, some are not. */
export class WritesIncomplete extends Error {
  override readonly name = 'WritesIncomplete';

  constructor() {
    super(`DynamoDB left writes unprocessed after ${maxTries} tries.`);
  }
}

type Requests = NonNullable<BatchWriteCommandInput['RequestItems']>;

/** One put or delete, and the table it is for. */
export interface Write {
  table: string;
  request: Requests[string][number];
}

const maxTries = 4;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const writesPerCall = 25;

/**
 * Writes rows of one or more tables, 25 a call, the calls at once. No row may be named twice.
 *
 * @throws WritesIncomplete; AWS errors as they are. After either, some of the writes may be done.
 */
export async function batchWrite(writes: readonly Write[]): Promise<void> {
  const starts = Array.from({ length: Math.ceil(writes.length / writesPerCall) }, (_, index) => index * writesPerCall);
  await Promise.all(starts.map((start) => writeTogether(writes.slice(start, start + writesPerCall))));
}

async function writeTogether(writes: readonly Write[]): Promise<void> {
  let requests: Requests = {};
  for (const { table, request } of writes) (requests[table] ??= []).push(request);
  for (let attempt = 0; Object.keys(requests).length > 0; attempt += 1) {
    if (attempt === maxTries) throw new WritesIncomplete();
    if (attempt > 0) await pause(attempt - 1);
    const { UnprocessedItems = {} } = await dynamodb.send(new BatchWriteCommand({ RequestItems: requests }));
    requests = UnprocessedItems;
  }
}
