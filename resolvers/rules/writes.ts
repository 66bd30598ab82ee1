import { type Change, type Changes, chatsToGuard, distinct } from './changes.ts';
import { looksLikeUserId } from './ids.ts';
import type { PermissionRow } from './permission.ts';
import { forbiddenMessage, isTransient, type Problem } from './problems.ts';

/** A DynamoDB expression with its values as plain data. */
export interface Expression {
  expression: string;
  names?: Record<string, string>;
  values: Record<string, unknown>;
}

/** One item of a transaction, for whoever speaks to DynamoDB to put into the words of its client. */
export type Write = { table: 'permissions' | 'chats'; key: Record<string, string>; condition?: Expression } & (
  | { operation: 'PutItem'; attributes: Record<string, unknown> }
  | { operation: 'UpdateItem'; update: Expression }
  | { operation: 'DeleteItem' }
  | { operation: 'ConditionCheck'; condition: Expression }
);

/** The moment of a write: ISO 8601 and epoch seconds. */
export interface Moment {
  iso: string;
  seconds: number;
}

type Rows = (PermissionRow | null)[];

const stillAdmin = '#role = :admin AND (attribute_not_exists(expiresAt) OR expiresAt > :now)';

/**
 * Everything in one transaction: the permissions, each if it still is what the counting of admins took it for; each
 * chat's row, made if need be, with its count of admins; and the caller's right in each chat where it is a row. No item
 * may appear twice, so changes within one chat share its row's update, and a caller who changes their own permission
 * has their right checked by that very write.
 *
 * @param rows the permissions to change as they were read, in the changes' order
 */
export function writesOf(plan: Changes, rows: Rows, now: Moment): Write[] {
  const permissions = plan.changes.map((change, index): Write => {
    const was = rows[index] ?? null;
    return change.role ? grant(plan, change, was, now) : deletion(change, was);
  });
  const chats = chatsOf(plan).map((chatId) => chatUpdate(plan, rows, chatId, now));
  const rights = chatsToGuard(plan).map((chatId): Write => ({
    table: 'permissions',
    operation: 'ConditionCheck',
    key: { userId: plan.callerId, chatId },
    condition: conditionOn(stillAdmin, { ':admin': 'admin', ':now': now.seconds }),
  }));
  return permissions.concat(chats, rights);
}

/** The permissions as they became or, revoked, as they were. */
export function writtenBy(plan: Changes, rows: Rows, now: Moment): PermissionRow[] {
  return plan.changes.map((change, index): PermissionRow => {
    const { role, ...rest } = change;
    if (!role) return rows[index] as PermissionRow;
    return { ...rest, role, grantedBy: plan.callerId, grantedAt: now.iso };
  });
}

function chatsOf(plan: Changes): string[] {
  return distinct(plan.changes.map((change) => change.chatId));
}

/** A condition on a permission row. `role` is one of DynamoDB's reserved words. */
function conditionOn(expression: string, values: Record<string, unknown>): Expression {
  return { expression, names: { '#role': 'role' }, values };
}

function grant(plan: Changes, change: Change, was: PermissionRow | null, now: Moment): Write {
  const own = change.userId === plan.callerId && plan.guardedChats.indexOf(change.chatId) >= 0;
  const attributes: Record<string, unknown> = { role: change.role, grantedBy: plan.callerId, grantedAt: now.iso };
  if (change.expiresAt !== undefined) attributes.expiresAt = change.expiresAt;
  const unchanged = was?.role === 'admin' ? '#role = :admin' : 'attribute_not_exists(#role) OR #role <> :admin';
  const checked: Record<string, unknown> = { ':admin': 'admin' };
  if (own) checked[':now'] = now.seconds;
  return {
    table: 'permissions',
    operation: 'PutItem',
    key: { userId: change.userId, chatId: change.chatId },
    attributes,
    condition: conditionOn(own ? stillAdmin : unchanged, checked),
  };
}

/** The row must be the one that was read, since it is what the caller is told they revoked. */
function deletion(change: Change, was: PermissionRow | null): Write {
  return {
    table: 'permissions',
    operation: 'DeleteItem',
    key: { userId: change.userId, chatId: change.chatId },
    condition: conditionOn('#role = :role AND grantedAt = :grantedAt', {
      ':role': was?.role,
      ':grantedAt': was?.grantedAt,
    }),
  };
}

/** How many admin rows the chat gains; negative: loses. */
function adminsGained(plan: Changes, rows: Rows, chatId: string): number {
  return plan.changes
    .map((change, index) => {
      if (change.chatId !== chatId) return 0;
      return (change.role === 'admin' ? 1 : 0) - (rows[index]?.role === 'admin' ? 1 : 0);
    })
    .reduce((sum, one) => sum + one, 0);
}

function chatUpdate(plan: Changes, rows: Rows, chatId: string, now: Moment): Write {
  const gained = adminsGained(plan, rows, chatId);
  const update: Write = {
    table: 'chats',
    operation: 'UpdateItem',
    key: { chatId },
    update: {
      expression:
        'SET createdBy = if_not_exists(createdBy, :caller), createdAt = if_not_exists(createdAt, :now) ADD adminCount :gained',
      values: { ':caller': plan.callerId, ':now': now.iso, ':gained': gained },
    },
  };
  // A chat named by a user's id always has that user for its admin, so no row there is the last.
  if (gained >= 0 || looksLikeUserId(chatId)) return update;
  return { ...update, condition: { expression: 'adminCount > :lost', values: { ':lost': 0 - gained } } };
}

/** What follows from a cancelled transaction: read and write again, or refuse; neither: nobody knows why it failed. */
export interface Verdict {
  again: boolean;
  problems: Problem[];
}

/**
 * Judges a transaction that DynamoDB cancelled.
 *
 * @param reasons why, item by item in the order of `writesOf`. (AppSync's documentation calls a failed condition
 *   `ConditionCheckFailed`, DynamoDB's own `ConditionalCheckFailed`: both are taken.)
 */
export function judgeCancellation(plan: Changes, rows: Rows, reasons: string[]): Verdict {
  const failed = reasons.map((reason) => reason.indexOf('CheckFailed') >= 0);
  const chats = chatsOf(plan);
  const ofPermissions = failed.slice(0, plan.changes.length);
  const ofChats = failed.slice(plan.changes.length, plan.changes.length + chats.length);
  const ofRights = failed.slice(plan.changes.length + chats.length);
  const lost = chatsToGuard(plan).filter((_, index) => ofRights[index] === true);
  if (lost.length > 0) return { again: false, problems: lostRights(plan, lost) };
  if (ofPermissions.indexOf(true) >= 0) return { again: true, problems: [] };
  const bereft = chats.filter((_, index) => ofChats[index] === true);
  if (bereft.length > 0) return { again: false, problems: lastAdmins(plan, rows, bereft) };
  return { again: reasons.some((reason) => isTransient(reason)), problems: [] };
}

function lostRights(plan: Changes, chats: string[]): Problem[] {
  return plan.changes
    .map((change, index): Problem => {
      const message = chats.indexOf(change.chatId) >= 0 ? forbiddenMessage : '';
      return { index, errorType: 'Forbidden', message };
    })
    .filter((problem) => problem.message !== '');
}

/** The changes that would have left chats without an admin. */
function lastAdmins(plan: Changes, rows: Rows, chats: string[]): Problem[] {
  return plan.changes
    .map((change, index): Problem => {
      const lowered = rows[index]?.role === 'admin' && change.role !== 'admin';
      const message =
        lowered && chats.indexOf(change.chatId) >= 0 ? 'The last admin of a chat cannot be removed or lowered.' : '';
      return { index, errorType: 'Conflict', message };
    })
    .filter((problem) => problem.message !== '');
}
