import { type Context, type DynamoDBBatchGetItemRequest, util } from '@aws-appsync/utils';
import { refuse, refuseDynamoDbError } from '../refusals.ts';
import { deadLetterQueues } from '../rules/dead-letters.ts';

/** Sort key of the item that counts a queue's letters. */
const counter = '#waiting';

/** Reads how many letters wait in each queue, strongly: these counts move together with the letters. */
export function request(ctx: Context): DynamoDBBatchGetItemRequest {
  const keys = deadLetterQueues.map((queue) => util.dynamodb.toMapValues({ queue, arrival: counter }));
  return {
    operation: 'BatchGetItem',
    tables: { [ctx.env.DEAD_LETTERS_TABLE as string]: { keys, consistentRead: true } },
  };
}

export function response(ctx: Context): null {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const table = ctx.env.DEAD_LETTERS_TABLE as string;
  const { data, unprocessedKeys } = ctx.result as Found;
  if ((unprocessedKeys?.[table] ?? []).length > 0) refuse('Throttled', 'Too many requests at once; try again.');
  const counters = (data[table] ?? []).filter((row) => row !== null);
  ctx.stash.waiting = deadLetterQueues.map((queue) => counters.find((row) => row.queue === queue)?.waiting ?? 0);
  ctx.stash.oldest = [];
  return null;
}

interface Found {
  data: Record<string, ({ queue: string; waiting?: number } | null)[]>;
  unprocessedKeys?: Record<string, unknown[]> | null;
}
