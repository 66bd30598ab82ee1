import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import { refuseDynamoDbError } from '../refusals.ts';
import { deadLetterQueues } from '../rules/dead-letters.ts';

/** Finds the oldest waiting letter of the next queue. The pipeline has this step once for each of them. */
export function request(ctx: Context): DynamoDBQueryRequest {
  const done = ctx.stash.oldest as string[];
  return {
    operation: 'Query',
    index: 'waiting',
    query: {
      expression: 'waitingIn = :queue',
      expressionValues: util.dynamodb.toMapValues({ ':queue': deadLetterQueues[done.length] }),
    },
    limit: 1,
  };
}

export function response(ctx: Context): null {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const [first] = ctx.result.items as { arrival: string }[];
  ctx.stash.oldest = (ctx.stash.oldest as string[]).concat([first ? first.arrival : '']);
  return null;
}
