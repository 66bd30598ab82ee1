import { problemOfId } from '../../../resolvers/rules/ids.ts';
import { type Caller, isLiveAt, mayListPermissionsOf } from '../../../resolvers/rules/permission.ts';
import { readPermissionsOf } from '../../platform/permission-changes.ts';
import { toSeconds } from '../clock.ts';
import { InvalidRequest } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import type { ListRequest } from '../protocol/permission-request.ts';
import { chatBefore, tokenAfter } from './page-token.ts';
import { permissionReply, type PermissionReply } from './permission-reply.ts';
import { forbidden } from './refused.ts';

/** A page of a person's permissions. `nextToken` is there when more follow, and asks for those. */
export interface PermissionList {
  userId: string;
  permissions: PermissionReply[];
  count: number;
  nextToken?: string;
}

/**
 * The live permissions of one person: one's own, or anyone's for the group `admins`. In pages, since whoever wants to can grant
 * somebody more than one answer holds; a page may hold fewer than `limit`, as what has ended is left out.
 *
 * @throws InvalidRequest; PermissionRefused; AWS errors as they are.
 */
export async function listPermissions(caller: Caller, request: ListRequest, now = Date.now()): Promise<PermissionList> {
  const { userId, limit = limits.permissionsPerPage, nextToken } = request;
  const problem = problemOfId('userId', userId);
  if (problem !== null) throw new InvalidRequest(problem);
  if (!mayListPermissionsOf(caller, userId)) throw forbidden();
  const after = nextToken === undefined ? undefined : chatBefore(nextToken, userId);
  const { rows, more } = await readPermissionsOf(userId, after, limit);
  const last = rows.at(-1);
  const permissions = rows.filter((row) => isLiveAt(row, toSeconds(now))).map(permissionReply);
  return {
    userId,
    permissions,
    count: permissions.length,
    ...(more && last !== undefined && { nextToken: tokenAfter(userId, last.chatId) }),
  };
}
