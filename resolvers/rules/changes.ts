import { problemOfId } from './ids.ts';
import { type Caller, isAdminByIdentity, isLiveAt, type PermissionRow, type Role } from './permission.ts';
import { forbiddenMessage, type Problem } from './problems.ts';

/** One permission as it shall become. */
export interface Change {
  userId: string;
  chatId: string;
  /** None: no permission, any more. */
  role?: Role;
  /** Epoch seconds; none: it does not end by itself. */
  expiresAt?: number;
}

/** Changes that happen together or not at all, and what the caller's right to them rests on. */
export interface Changes {
  changes: Change[];
  callerId: string;
  /** Chats in which the caller's right is a permission row, which must hold in the very transaction that writes. */
  guardedChats: string[];
}

export function changesBy(caller: Caller, changes: Change[]): Changes {
  const chats = distinct(changes.map((change) => change.chatId));
  return {
    changes,
    callerId: caller.userId,
    guardedChats: chats.filter((chatId) => !isAdminByIdentity(caller, chatId) && !onlyLeaves(caller, changes, chatId)),
  };
}

/** Whether all that is asked for in a chat is to give up one's own permission: everyone may leave, asked or not. */
function onlyLeaves(caller: Caller, changes: Change[], chatId: string): boolean {
  return changes
    .filter((change) => change.chatId === chatId)
    .every((change) => change.userId === caller.userId && !change.role);
}

/** Whom and what changes cannot be about, whoever asks for them. */
export function problemsOfIds(changes: Change[]): Problem[] {
  return changes
    .map((change, index): Problem => ({ index, errorType: 'InvalidInput', message: problemOfIds(change) ?? '' }))
    .filter((problem) => problem.message !== '');
}

function problemOfIds(change: Change): string | null {
  return problemOfId('userId', change.userId) ?? problemOfId('chatId', change.chatId);
}

/** What is wrong with grants, whoever asks for them. */
export function problemsOfGrants(grants: Change[], nowSeconds: number): Problem[] {
  return grants
    .map((grant, index): Problem => {
      const twin = grants.findIndex((other) => other.userId === grant.userId && other.chatId === grant.chatId);
      return { index, errorType: 'InvalidInput', message: problemOfGrant(grant, index, twin, nowSeconds) };
    })
    .filter((problem) => problem.message !== '');
}

function problemOfGrant(grant: Change, index: number, twin: number, nowSeconds: number): string {
  const wrongId = problemOfIds(grant);
  if (wrongId !== null) return wrongId;
  if (twin < index) return `Invalid userId and chatId: inputs[${twin}] names the same permission`;
  if (grant.expiresAt === undefined) return '';
  // An admin who lapses would leave the count of a chat's admins wrong, and the chat perhaps without any.
  if (grant.role === 'admin') return 'Invalid expiresAt: an admin permission does not end by itself';
  // Said this way round, it is true of NaN as well.
  if (!(grant.expiresAt > nowSeconds)) return 'Invalid expiresAt: it is not in the future';
  return '';
}

/** The chats among `guardedChats` where the caller's own row is not among those to change, and so has to be read and checked besides. */
export function chatsToGuard(plan: Changes): string[] {
  return plan.guardedChats.filter(
    (chatId) => !plan.changes.some((change) => change.chatId === chatId && change.userId === plan.callerId),
  );
}

/** What decides about the changes: first the permissions to change, in their order, then the caller's own. */
export function keysToRead(plan: Changes): { userId: string; chatId: string }[] {
  const targets = plan.changes.map((change) => ({ userId: change.userId, chatId: change.chatId }));
  return targets.concat(chatsToGuard(plan).map((chatId) => ({ userId: plan.callerId, chatId })));
}

/**
 * Why the changes may not be made, change by change; nothing: they may.
 *
 * @param found the rows of `keysToRead`, in their order
 */
export function objectionsTo(plan: Changes, found: (PermissionRow | null)[], nowSeconds: number): Problem[] {
  const extra = chatsToGuard(plan);
  const administered = plan.guardedChats.filter((chatId) => {
    const at = plan.changes.findIndex((change) => change.chatId === chatId && change.userId === plan.callerId);
    const row = found[at >= 0 ? at : plan.changes.length + extra.indexOf(chatId)];
    return isLiveAt(row, nowSeconds) && row?.role === 'admin';
  });
  return plan.changes
    .map((change, index): Problem => {
      const denied = plan.guardedChats.indexOf(change.chatId) >= 0 && administered.indexOf(change.chatId) < 0;
      if (denied) return { index, errorType: 'Forbidden', message: forbiddenMessage };
      const nothingToRevoke = !change.role && !isLiveAt(found[index], nowSeconds);
      return { index, errorType: 'NotFound', message: nothingToRevoke ? 'There is no such permission.' : '' };
    })
    .filter((problem) => problem.message !== '');
}

export function distinct(values: string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) === index);
}
