import { type Context, runtime } from '@aws-appsync/utils';
import { refuseDynamoDbError } from '../refusals.ts';

/**
 * Sends the request that the field's file left in `ctx.stash.request`, once the steps before it let the caller on. The
 * file leaves null when it knows that there is nothing to find.
 */
export function request(ctx: Context): unknown {
  if (!ctx.stash.request) runtime.earlyReturn({ items: [], nextToken: null });
  return ctx.stash.request;
}

export function response(ctx: Context): unknown {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  return ctx.result;
}
