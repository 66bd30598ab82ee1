import type { Context } from '@aws-appsync/utils';
import { planChanges, writtenOf } from './changes.ts';
import type { MutationRevokePermissionArgs, Permission } from './generated/schema.ts';
import { idOf } from './inputs.ts';

export function request(ctx: Context<MutationRevokePermissionArgs>): null {
  const userId = idOf('userId', ctx.args.userId);
  const chatId = idOf('chatId', ctx.args.chatId);
  planChanges(ctx, [{ userId, chatId }], false);
  return null;
}

export function response(ctx: Context): Permission {
  return writtenOf(ctx)[0] as Permission;
}
