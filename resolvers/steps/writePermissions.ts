import { type Context, type DynamoDBTransactWriteItemsRequest, runtime, util } from '@aws-appsync/utils';
import { type Change, type ChangePlan, chatsToGuard, distinct, planOf } from '../changes.ts';
import type { Permission } from '../generated/schema.ts';
import { looksLikeUserId } from '../inputs.ts';
import { permissionKey, permissionOf, type PermissionRow } from '../permission.ts';
import { forbidden, isTransient, type Problem, refuseDynamoDbError, refuseInputs } from '../refusals.ts';

type Item = DynamoDBTransactWriteItemsRequest['transactItems'][number];

const stillAdmin = '#role = :admin AND (attribute_not_exists(expiresAt) OR expiresAt > :now)';

/**
 * Everything in one transaction: the permissions, each if it still is what the counting of admins took it for; each
 * chat's row, made if need be, with its count of admins; and the caller's right in each chat where it is a row. No item
 * may appear twice, so changes within one chat share its row's update, and a caller who changes their own permission
 * has their right checked by that very write.
 */
export function request(ctx: Context): DynamoDBTransactWriteItemsRequest {
  const plan = planOf(ctx);
  // Nothing was read: someone was writing the same rows. The next pair of steps tries again.
  if (plan.written || !plan.rows) runtime.earlyReturn(null);
  const now = util.time.nowISO8601();
  const rows = plan.rows;
  const permissions = plan.changes.map((change, index): Item => {
    const was = rows[index] ?? null;
    return change.role ? grant(ctx, plan, change, was, now) : deletion(ctx, change, was);
  });
  ctx.stash.grantedAt = now;
  const chats = chatsOf(plan).map((chatId) => chatUpdate(ctx, plan, chatId, now));
  const rights = chatsToGuard(plan).map((chatId): Item => ({
    table: ctx.env.PERMISSIONS_TABLE as string,
    operation: 'ConditionCheck',
    key: permissionKey(plan.callerId, chatId),
    condition: condition(stillAdmin, { ':admin': 'admin', ':now': util.time.nowEpochSeconds() }),
  }));
  return { operation: 'TransactWriteItems', transactItems: permissions.concat(chats, rights) };
}

function chatsOf(plan: ChangePlan): string[] {
  return distinct(plan.changes.map((change) => change.chatId));
}

/** A condition on a permission row. `role` is one of DynamoDB's reserved words. */
function condition(expression: string, values: Record<string, unknown>) {
  return {
    expression,
    expressionNames: { '#role': 'role' },
    expressionValues: util.dynamodb.toMapValues(values),
    returnValuesOnConditionCheckFailure: false,
  };
}

function grant(ctx: Context, plan: ChangePlan, change: Change, was: PermissionRow | null, now: string): Item {
  const own = change.userId === plan.callerId && plan.guardedChats.indexOf(change.chatId) >= 0;
  const values: Record<string, unknown> = { role: change.role, grantedBy: plan.callerId, grantedAt: now };
  if (change.expiresAt) values.expiresAt = change.expiresAt;
  const unchanged = was?.role === 'admin' ? '#role = :admin' : 'attribute_not_exists(#role) OR #role <> :admin';
  const checked: Record<string, unknown> = { ':admin': 'admin' };
  if (own) checked[':now'] = util.time.nowEpochSeconds();
  return {
    table: ctx.env.PERMISSIONS_TABLE as string,
    operation: 'PutItem',
    key: permissionKey(change.userId, change.chatId),
    attributeValues: util.dynamodb.toMapValues(values),
    condition: condition(own ? stillAdmin : unchanged, checked),
  };
}

/** The row must be the one that was read, since it is what the caller is told they revoked. */
function deletion(ctx: Context, change: Change, was: PermissionRow | null): Item {
  return {
    table: ctx.env.PERMISSIONS_TABLE as string,
    operation: 'DeleteItem',
    key: permissionKey(change.userId, change.chatId),
    condition: condition('#role = :role AND grantedAt = :grantedAt', {
      ':role': was?.role,
      ':grantedAt': was?.grantedAt,
    }),
  };
}

/** How many admin rows the chat gains; negative: loses. */
function admins(plan: ChangePlan, chatId: string): number {
  return plan.changes
    .map((change, index) => {
      if (change.chatId !== chatId) return 0;
      return (change.role === 'admin' ? 1 : 0) - (plan.rows?.[index]?.role === 'admin' ? 1 : 0);
    })
    .reduce((sum, one) => sum + one, 0);
}

function chatUpdate(ctx: Context, plan: ChangePlan, chatId: string, now: string): Item {
  const gained = admins(plan, chatId);
  const item = {
    table: ctx.env.CHATS_TABLE as string,
    operation: 'UpdateItem' as const,
    key: util.dynamodb.toMapValues({ chatId }),
    update: {
      expression:
        'SET createdBy = if_not_exists(createdBy, :caller), createdAt = if_not_exists(createdAt, :now) ADD adminCount :gained',
      expressionValues: util.dynamodb.toMapValues({ ':caller': plan.callerId, ':now': now, ':gained': gained }),
    },
  };
  // A chat named by a user's id always has that user for its admin, so no row there is the last.
  if (gained >= 0 || looksLikeUserId(chatId)) return item;
  return {
    ...item,
    condition: {
      expression: 'adminCount > :lost',
      expressionValues: util.dynamodb.toMapValues({ ':lost': 0 - gained }),
      returnValuesOnConditionCheckFailure: false,
    },
  };
}

export function response(ctx: Context): null {
  const plan = planOf(ctx);
  if (ctx.error) {
    explain(ctx, plan, (ctx.result?.cancellationReasons ?? []) as { type: string }[]);
    plan.rows = null;
    return null;
  }
  plan.written = plan.changes.map((change, index): Permission => {
    const { role, ...rest } = change;
    if (!role) return permissionOf(plan.rows?.[index] as PermissionRow);
    return permissionOf({ ...rest, role, grantedBy: plan.callerId, grantedAt: ctx.stash.grantedAt as string });
  });
  return null;
}

/**
 * Ends the resolver when DynamoDB cancelled the transaction for good; returns when it is worth another try. Reasons
 * come in the order of the items: permissions, chats, rights. (AppSync's documentation calls a failed condition
 * `ConditionCheckFailed`, DynamoDB's own `ConditionalCheckFailed`: both end alike.)
 */
function explain(ctx: Context, plan: ChangePlan, reasons: { type: string }[]): void {
  const failed = reasons.map((reason) => reason.type.indexOf('CheckFailed') >= 0);
  const chats = chatsOf(plan);
  const ofPermissions = failed.slice(0, plan.changes.length);
  const ofChats = failed.slice(plan.changes.length, plan.changes.length + chats.length);
  const ofRights = failed.slice(plan.changes.length + chats.length);
  if (ofRights.indexOf(true) >= 0) forbidden();
  if (ofPermissions.indexOf(true) >= 0) return;
  if (ofChats.indexOf(true) >= 0)
    refuseInputs(
      lastAdmins(
        plan,
        chats.filter((_, index) => ofChats[index] === true),
      ),
      plan.batch,
    );
  if (!reasons.some((reason) => isTransient(reason.type))) refuseDynamoDbError(ctx.error as { type: string });
}

/** The changes that would have left chats without an admin. */
function lastAdmins(plan: ChangePlan, chats: string[]): Problem[] {
  return plan.changes
    .map((change, index): Problem => {
      const lowered = plan.rows?.[index]?.role === 'admin' && change.role !== 'admin';
      const message =
        lowered && chats.indexOf(change.chatId) >= 0 ? 'The last admin of a chat cannot be removed or lowered.' : '';
      return { index, errorType: 'Conflict', message };
    })
    .filter((problem) => problem.message !== '');
}
