import { type AppSyncIdentityCognito, type Context, util } from '@aws-appsync/utils';

/** Who is asking, by the verified token alone. */
export interface Caller {
  userId: string;
  /** In the Cognito group `admins`, who may do everything in the access plane. */
  administrator: boolean;
}

export function callerOf(ctx: Context): Caller {
  const identity = ctx.identity as AppSyncIdentityCognito | null | undefined;
  if (!identity?.sub) util.unauthorized();
  return { userId: identity.sub, administrator: (identity.groups ?? []).indexOf('admins') >= 0 };
}

/** Whether the caller is a chat's admin without a permission row: administrators are, and everyone is of the chat named by their own id. */
export function isAdminByIdentity(caller: Caller, chatId: string): boolean {
  return caller.administrator || caller.userId === chatId;
}
