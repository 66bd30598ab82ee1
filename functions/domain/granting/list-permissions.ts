import { problemOfId } from '../../../resolvers/rules/ids.ts';
import { type Caller, isLiveAt, mayListPermissionsOf } from '../../../resolvers/rules/permission.ts';
import { readPermissionsOf } from '../../platform/permission-changes.ts';
import { toSeconds } from '../clock.ts';
import { InvalidRequest } from '../protocol/errors.ts';
import { permissionReply, type PermissionReply } from './permission-reply.ts';
import { forbidden } from './refused.ts';

/** A person's permissions, all of them; GraphQL has pages for those with very many. */
export interface PermissionList {
  userId: string;
  permissions: PermissionReply[];
  count: number;
}

/**
 * The live permissions of one person: one's own, or anyone's for the group `admins`.
 *
 * @throws InvalidRequest; PermissionRefused; AWS errors as they are.
 */
export async function listPermissions(caller: Caller, userId: string, now = Date.now()): Promise<PermissionList> {
  const problem = problemOfId('userId', userId);
  if (problem !== null) throw new InvalidRequest(problem);
  if (!mayListPermissionsOf(caller, userId)) throw forbidden();
  const rows = await readPermissionsOf(userId);
  const permissions = rows.filter((row) => isLiveAt(row, toSeconds(now))).map(permissionReply);
  return { userId, permissions, count: permissions.length };
}
