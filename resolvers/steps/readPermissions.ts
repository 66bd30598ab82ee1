import { type Context, type DynamoDBTransactGetItemsRequest, runtime } from '@aws-appsync/utils';
import { chatsToGuard, planOf } from '../changes.ts';
import { isLive, permissionKey, type PermissionRow } from '../permission.ts';
import { forbiddenMessage, isTransient, type Problem, refuseDynamoDbError, refuseInputs } from '../refusals.ts';

/** Reads the permissions to change and the caller's own, at one moment, and refuses what they do not allow. */
export function request(ctx: Context): DynamoDBTransactGetItemsRequest {
  const plan = planOf(ctx);
  if (plan.written) runtime.earlyReturn(null);
  const table = ctx.env.PERMISSIONS_TABLE as string;
  const targets = plan.changes.map(({ userId, chatId }) => ({ table, key: permissionKey(userId, chatId) }));
  const own = chatsToGuard(plan).map((chatId) => ({ table, key: permissionKey(plan.callerId, chatId) }));
  return { operation: 'TransactGetItems', transactItems: targets.concat(own) };
}

export function response(ctx: Context): null {
  const plan = planOf(ctx);
  if (ctx.error) {
    // Someone is writing one of these rows this very moment: the next try reads what they wrote.
    const reasons = ctx.result?.cancellationReasons as { type: string }[] | null | undefined;
    if (!reasons || !reasons.some((reason) => isTransient(reason.type))) refuseDynamoDbError(ctx.error);
    return null;
  }
  const items = ctx.result.items as (PermissionRow | null)[];
  const rows = items.slice(0, plan.changes.length);
  const own = items.slice(plan.changes.length);
  const extra = chatsToGuard(plan);
  const administered = plan.guardedChats.filter((chatId) => {
    const at = plan.changes.findIndex((change) => change.chatId === chatId && change.userId === plan.callerId);
    const row = at >= 0 ? rows[at] : own[extra.indexOf(chatId)];
    return isLive(row) && row?.role === 'admin';
  });
  const denied = plan.changes.map(
    (change) => plan.guardedChats.indexOf(change.chatId) >= 0 && administered.indexOf(change.chatId) < 0,
  );
  const problems = plan.changes.map((change, index) =>
    problemOf(!change.role, denied[index] === true, rows[index], index),
  );
  const found = problems.filter((problem) => problem.message !== '');
  if (found.length > 0) refuseInputs(found, plan.batch);
  plan.rows = rows;
  return null;
}

function problemOf(revoke: boolean, denied: boolean, row: PermissionRow | null | undefined, index: number): Problem {
  if (denied) return { index, errorType: 'Forbidden', message: forbiddenMessage };
  if (revoke && !isLive(row)) return { index, errorType: 'NotFound', message: 'There is no such permission.' };
  return { index, errorType: 'NotFound', message: '' };
}
