import { type Context, type DynamoDBGetItemRequest, runtime } from '@aws-appsync/utils';
import { callerOf } from '../caller.ts';
import { isLive, permissionKey } from '../permission.ts';
import { isAdminByIdentity, type PermissionRow } from '../rules/permission.ts';
import { forbidden, refuseDynamoDbError } from '../refusals.ts';

/** Lets on the admins of the chat in `ctx.stash.chatId`, and the person in `ctx.stash.ownerId` when a field set one. */
export function request(ctx: Context): DynamoDBGetItemRequest {
  const caller = callerOf(ctx);
  const chatId = ctx.stash.chatId as string;
  if (isAdminByIdentity(caller, chatId) || caller.userId === ctx.stash.ownerId) runtime.earlyReturn(null);
  return { operation: 'GetItem', key: permissionKey(caller.userId, chatId), consistentRead: true };
}

export function response(ctx: Context): null {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const row = ctx.result as PermissionRow | null;
  if (!isLive(row) || row?.role !== 'admin') forbidden();
  return null;
}
