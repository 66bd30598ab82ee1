import { type Context, type DynamoDBUpdateItemRequest, util } from '@aws-appsync/utils';
import { callerOf } from '../caller.ts';
import { refuseDynamoDbError } from '../refusals.ts';
import { changesSubject, keptSeconds, untilNextWindow, windowAt } from '../rules/allowance.ts';

/**
 * Takes the changes in `ctx.stash.changeCount` from what the caller may change in a window, or ends with TooManyRequests. Those that
 * are refused count, too: it is one write without a condition, and whoever is over waits for the next window anyway.
 */
export function request(ctx: Context): DynamoDBUpdateItemRequest {
  const now = util.time.nowEpochSeconds();
  const window = windowAt(now);
  return {
    operation: 'UpdateItem',
    key: util.dynamodb.toMapValues({ subject: changesSubject(callerOf(ctx).userId), window }),
    update: {
      expression: 'ADD #count :amount SET expiresAt = :expiresAt',
      expressionNames: { '#count': 'count' },
      expressionValues: util.dynamodb.toMapValues({
        ':amount': ctx.stash.changeCount as number,
        ':expiresAt': window + keptSeconds,
      }),
    },
  };
}

export function response(ctx: Context): null {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const { count } = ctx.result as { count: number };
  if (count > (JSON.parse(ctx.env.PERMISSION_CHANGES_PER_WINDOW as string) as number)) {
    const retryAfterMs = untilNextWindow(util.time.nowEpochMilliSeconds());
    util.error('Too many requests', 'TooManyRequests', null, { retryAfterMs });
  }
  return null;
}
