import { type Context, util } from '@aws-appsync/utils';
import { callerOf } from './caller.ts';
import type { GrantPermissionInput, Permission } from './generated/schema.ts';
import { refuse, refuseInputs } from './refusals.ts';
import { type Change, type Changes, changesBy, problemsOfGrants } from './rules/changes.ts';
import type { PermissionRow } from './rules/permission.ts';
import { contendedMessage } from './rules/problems.ts';

/**
 * What the steps of one change of permissions share. Absent members rather than null ones: the stash lies outside the
 * runtime between two steps, and nothing documents that null survives there. A mutation's file plans it, `readPermissions` and
 * `writePermissions` carry it out, up to three times when others change the same rows at the same time.
 */
export interface ChangePlan extends Changes {
  /** Whether errors name the inputs they are about. */
  batch: boolean;
  /** The rows of `changes` as last read, in their order; none while nothing has been read for the next write. */
  rows?: (PermissionRow | null)[] | null;
  /** The permissions as they became or, revoked, as they were; none until written. */
  written?: Permission[];
}

/** Leaves the plan where the steps find it. */
export function planChanges(ctx: Context, changes: Change[], batch: boolean): void {
  const plan: ChangePlan = { ...changesBy(callerOf(ctx), changes), batch };
  ctx.stash.changeCount = changes.length;
  ctx.stash.plan = plan;
}

/** The plan of the running mutation. */
export function planOf(ctx: Context): ChangePlan {
  return ctx.stash.plan as ChangePlan;
}

/** What was written; or the resolver ends with Throttled, since others kept changing the same rows. */
export function writtenOf(ctx: Context): Permission[] {
  const { written } = planOf(ctx);
  if (!written) refuse('Throttled', contendedMessage);
  return written;
}

/** Grants as changes, or the resolver ends with InvalidInput that names every wrong input. */
export function changesOfGrants(inputs: GrantPermissionInput[], batch: boolean): Change[] {
  const changes = inputs.map((input): Change => {
    const change: Change = { userId: input.userId, chatId: input.chatId, role: input.role ?? 'member' };
    if (input.expiresAt) change.expiresAt = secondsOf(input.expiresAt);
    return change;
  });
  const problems = problemsOfGrants(changes, util.time.nowEpochSeconds());
  if (problems.length > 0) refuseInputs(problems, batch);
  return changes;
}

function secondsOf(dateTime: string): number {
  return Math.floor(util.time.parseISO8601ToEpochMilliSeconds(dateTime) / 1000);
}
