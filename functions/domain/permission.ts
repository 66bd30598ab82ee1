import type { PermissionRow } from '../platform/rows.ts';

/** Whether a permission counts at `nowSeconds`: expired rows stay readable until DynamoDB gets round to them. */
export function isLive(permission: PermissionRow | undefined, nowSeconds: number): permission is PermissionRow {
  return permission !== undefined && (permission.expiresAt === undefined || permission.expiresAt > nowSeconds);
}

/** Everyone is admin of the channel named by their own user id, without a row that says so. */
export function isOwnChannel(userId: string, chatId: string): boolean {
  return userId === chatId;
}

/** Whether a user may send to a chat: a viewer only listens. */
export function maySend(permission: PermissionRow | undefined, nowSeconds: number): boolean {
  return isLive(permission, nowSeconds) && permission.role !== 'viewer';
}
