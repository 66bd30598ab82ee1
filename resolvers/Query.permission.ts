import type { Context, DynamoDBGetItemRequest } from '@aws-appsync/utils';
import type { Permission, QueryPermissionArgs } from './generated/schema.ts';
import { idOf } from './inputs.ts';
import { isLive, permissionKey, permissionOf } from './permission.ts';
import type { PermissionRow } from './rules/permission.ts';

export function request(ctx: Context<QueryPermissionArgs>): null {
  const userId = idOf('userId', ctx.args.userId);
  const chatId = idOf('chatId', ctx.args.chatId);
  ctx.stash.chatId = chatId;
  ctx.stash.ownerId = userId;
  const get: DynamoDBGetItemRequest = {
    operation: 'GetItem',
    key: permissionKey(userId, chatId),
    consistentRead: true,
  };
  ctx.stash.request = get;
  return null;
}

export function response(ctx: Context): Permission | null {
  const row = ctx.prev.result as PermissionRow | null;
  return row && isLive(row) ? permissionOf(row) : null;
}
