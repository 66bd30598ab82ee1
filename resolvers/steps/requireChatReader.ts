import { type Context, type DynamoDBGetItemRequest, runtime } from '@aws-appsync/utils';
import { callerOf } from '../caller.ts';
import { isLive, permissionKey } from '../permission.ts';
import { isAdminByIdentity, type PermissionRow } from '../rules/permission.ts';
import { forbidden, refuseDynamoDbError } from '../refusals.ts';

/**
 * Lets on whoever may read the history of the chat in `ctx.stash.chatId`: anyone with a live permission of any role. The group
 * `admins` needs none, and so leaves a line in the log of the API instead.
 */
export function request(ctx: Context): DynamoDBGetItemRequest {
  const caller = callerOf(ctx);
  const chatId = ctx.stash.chatId as string;
  if (caller.administrator) {
    const { userId } = caller;
    console.log(JSON.stringify({ message: 'Read as an administrator', field: ctx.info.fieldName, userId, chatId }));
  }
  if (isAdminByIdentity(caller, chatId)) runtime.earlyReturn(null);
  return { operation: 'GetItem', key: permissionKey(caller.userId, chatId), consistentRead: true };
}

export function response(ctx: Context): null {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  if (!isLive(ctx.result as PermissionRow | null)) forbidden();
  return null;
}
