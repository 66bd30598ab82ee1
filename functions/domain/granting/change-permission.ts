import {
  type Change,
  changesBy,
  keysToRead,
  objectionsTo,
  problemsOfGrants,
  problemsOfIds,
} from '../../../resolvers/rules/changes.ts';
import type { Caller, PermissionRow } from '../../../resolvers/rules/permission.ts';
import { judgeCancellation, type Moment, writesOf, writtenBy } from '../../../resolvers/rules/writes.ts';
import { environment } from '../../platform/environment.ts';
import { pause } from '../../platform/pause.ts';
import { writeTogether } from '../../platform/permission-changes.ts';
import { readTogether } from '../../platform/read-together.ts';
import { toSeconds } from '../clock.ts';
import { spendChange } from './allowance.ts';
import { contended, PermissionRefused } from './refused.ts';

/** As often as the GraphQL mutations try. */
const maxTries = 3;

/** Thrown when DynamoDB cancelled a transaction for a reason the rules know nothing of. */
export class ChangeFailed extends Error {
  override readonly name = 'ChangeFailed';
}

/**
 * Grants, or without a role revokes, one permission by the rules the GraphQL mutations go by: reads what decides, decides,
 * and writes on condition that what was read still holds; again when it does not.
 *
 * @returns the permission as it became or, revoked, as it was.
 * @throws PermissionRefused; TooManyRequests; ChangeFailed; AWS errors as they are.
 */
export async function changePermission(caller: Caller, change: Change): Promise<PermissionRow> {
  const [problem] = change.role ? problemsOfGrants([change], momentNow().seconds) : problemsOfIds([change]);
  if (problem) throw new PermissionRefused(problem);
  await spendChange(caller.userId, Date.now());
  const plan = changesBy(caller, [change]);
  for (let attempt = 0; attempt < maxTries; attempt += 1) {
    if (attempt > 0) await pause(attempt - 1);
    const now = momentNow();
    const found = await readRows(keysToRead(plan));
    const [objection] = objectionsTo(plan, found, now.seconds);
    if (objection) throw new PermissionRefused(objection);
    const rows = found.slice(0, plan.changes.length);
    const reasons = await writeTogether(writesOf(plan, rows, now));
    if (reasons === undefined) return writtenBy(plan, rows, now)[0] as PermissionRow;
    const { again, problems } = judgeCancellation(plan, rows, reasons);
    if (problems[0]) throw new PermissionRefused(problems[0]);
    if (!again) throw new ChangeFailed('DynamoDB cancelled a change of permissions.');
  }
  throw contended();
}

async function readRows(keys: { userId: string; chatId: string }[]): Promise<(PermissionRow | null)[]> {
  const rows = await readTogether(keys.map((key) => ({ table: environment.permissionsTable, key })));
  return rows.map((row) => (row as PermissionRow | undefined) ?? null);
}

function momentNow(): Moment {
  const now = Date.now();
  return { iso: new Date(now).toISOString(), seconds: toSeconds(now) };
}
