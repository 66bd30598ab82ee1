import { type Context, type DynamoDBQueryRequest, runtime, util } from '@aws-appsync/utils';
import { refuseDynamoDbError } from '../refusals.ts';

/**
 * Lets the reading of letters that wait begin with the first one of them: the settled ones before it, which stay for weeks,
 * may be many. Nothing waits: nothing will be read.
 */
export function request(ctx: Context): DynamoDBQueryRequest {
  const { queue, low, high } = ctx.stash.bounds as { queue: string; low: string; high: string };
  if (!ctx.stash.onlyWaiting || !ctx.stash.request) runtime.earlyReturn(null);
  return {
    operation: 'Query',
    index: 'waiting',
    query: {
      expression: 'waitingIn = :queue AND arrival BETWEEN :low AND :high',
      expressionValues: util.dynamodb.toMapValues({ ':queue': queue, ':low': low, ':high': high }),
    },
    limit: 1,
  };
}

export function response(ctx: Context): null {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const [first] = ctx.result.items as { arrival: string }[];
  const read = ctx.stash.request as DynamoDBQueryRequest;
  if (first) {
    read.query.expressionValues = {
      ...read.query.expressionValues,
      ':low': util.dynamodb.toDynamoDB(first.arrival),
    };
  }
  ctx.stash.request = first ? read : null;
  return null;
}
