import { type Context, util } from '@aws-appsync/utils';
import { callerOf, isAdminByIdentity } from './caller.ts';
import type { GrantPermissionInput, Permission, Role } from './generated/schema.ts';
import { problemOfId } from './inputs.ts';
import type { PermissionRow } from './permission.ts';
import { type Problem, refuseInputs } from './refusals.ts';

/** One permission as it shall become. */
export interface Change {
  userId: string;
  chatId: string;
  /** None: no permission, any more. */
  role?: Role;
  /** Epoch seconds; none: it does not end by itself. */
  expiresAt?: number;
}

/**
 * What the steps of one change of permissions share. Absent members rather than null ones: the stash lies outside the
 * runtime between two steps, and nothing documents that null survives there. A mutation's file plans it, `readPermissions` and
 * `writePermissions` carry it out, up to three times when others change the same rows at the same time.
 */
export interface ChangePlan {
  changes: Change[];
  /** Whether errors name the inputs they are about. */
  batch: boolean;
  callerId: string;
  /** Chats in which the caller's right is a permission row, which must hold in the very transaction that writes. */
  guardedChats: string[];
  /** The rows of `changes` as last read, in their order; none while nothing has been read for the next write. */
  rows?: (PermissionRow | null)[] | null;
  /** The permissions as they became or, revoked, as they were; none until written. */
  written?: Permission[];
}

/** Leaves the plan where the steps find it. */
export function planChanges(ctx: Context, changes: Change[], batch: boolean): void {
  const caller = callerOf(ctx);
  const chats = distinct(changes.map((change) => change.chatId));
  const plan: ChangePlan = {
    changes,
    batch,
    callerId: caller.userId,
    guardedChats: chats.filter((chatId) => !isAdminByIdentity(caller, chatId)),
  };
  ctx.stash.plan = plan;
}

/** The chats among `guardedChats` where the caller's own row is not among those to change, and so has to be read and checked besides. */
export function chatsToGuard(plan: ChangePlan): string[] {
  return plan.guardedChats.filter(
    (chatId) => !plan.changes.some((change) => change.chatId === chatId && change.userId === plan.callerId),
  );
}

/** The plan of the running mutation. */
export function planOf(ctx: Context): ChangePlan {
  return ctx.stash.plan as ChangePlan;
}

/** What was written; or the resolver ends with Throttled, since others kept changing the same rows. */
export function writtenOf(ctx: Context): Permission[] {
  const { written } = planOf(ctx);
  if (!written) util.error('Others changed the same permissions at the same time; try again.', 'Throttled');
  return written;
}

/** Grants as changes, or the resolver ends with InvalidInput that names every wrong input. */
export function changesOfGrants(inputs: GrantPermissionInput[], batch: boolean): Change[] {
  const problems = inputs
    .map((_, index): Problem => ({ index, errorType: 'InvalidInput', message: problemOfGrant(inputs, index) ?? '' }))
    .filter((problem) => problem.message !== '');
  if (problems.length > 0) refuseInputs(problems, batch);
  return inputs.map((input): Change => {
    const change: Change = { userId: input.userId, chatId: input.chatId, role: input.role ?? 'member' };
    if (input.expiresAt) change.expiresAt = secondsOf(input.expiresAt);
    return change;
  });
}

function problemOfGrant(inputs: GrantPermissionInput[], index: number): string | null {
  const input = inputs[index] as GrantPermissionInput;
  const twin = inputs.findIndex((other) => other.userId === input.userId && other.chatId === input.chatId);
  const wrongId = problemOfId('userId', input.userId) ?? problemOfId('chatId', input.chatId);
  if (wrongId !== null) return wrongId;
  if (twin < index) return `Invalid userId and chatId: inputs[${twin}] names the same permission`;
  if (!input.expiresAt) return null;
  // An admin who lapses would leave the count of a chat's admins wrong, and the chat perhaps without any.
  if (input.role === 'admin') return 'Invalid expiresAt: an admin permission does not end by itself';
  if (secondsOf(input.expiresAt) <= util.time.nowEpochSeconds()) return 'Invalid expiresAt: it is not in the future';
  return null;
}

function secondsOf(dateTime: string): number {
  return Math.floor(util.time.parseISO8601ToEpochMilliSeconds(dateTime) / 1000);
}

export function distinct(values: string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) === index);
}
