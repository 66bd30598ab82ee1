import { type Context, type DynamoDBTransactGetItemsRequest, runtime, util } from '@aws-appsync/utils';
import { planOf } from '../changes.ts';
import { permissionKey } from '../permission.ts';
import { refuseDynamoDbError, refuseInputs } from '../refusals.ts';
import { keysToRead, objectionsTo } from '../rules/changes.ts';
import type { PermissionRow } from '../rules/permission.ts';
import { isTransient } from '../rules/problems.ts';

/** Reads the permissions to change and the caller's own, at one moment, and refuses what they do not allow. */
export function request(ctx: Context): DynamoDBTransactGetItemsRequest {
  const plan = planOf(ctx);
  if (plan.written) runtime.earlyReturn(null);
  const table = ctx.env.PERMISSIONS_TABLE as string;
  return {
    operation: 'TransactGetItems',
    transactItems: keysToRead(plan).map(({ userId, chatId }) => ({ table, key: permissionKey(userId, chatId) })),
  };
}

export function response(ctx: Context): null {
  const plan = planOf(ctx);
  if (ctx.error) {
    // Someone is writing one of these rows this very moment: the next try reads what they wrote.
    const reasons = ctx.result?.cancellationReasons as { type: string }[] | null | undefined;
    if (!reasons || !reasons.some((reason) => isTransient(reason.type))) refuseDynamoDbError(ctx.error);
    return null;
  }
  const found = ctx.result.items as (PermissionRow | null)[];
  const objections = objectionsTo(plan, found, util.time.nowEpochSeconds());
  if (objections.length > 0) refuseInputs(objections, plan.batch);
  plan.rows = found.slice(0, plan.changes.length);
  return null;
}
