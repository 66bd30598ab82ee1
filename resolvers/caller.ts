import { type AppSyncIdentityCognito, type Context, util } from '@aws-appsync/utils';
import type { Caller } from './rules/permission.ts';

/** Who is asking, or the resolver ends with Unauthorized. */
export function callerOf(ctx: Context): Caller {
  const identity = ctx.identity as AppSyncIdentityCognito | null | undefined;
  if (!identity?.sub) util.unauthorized();
  return { userId: identity.sub, administrator: (identity.groups ?? []).indexOf('admins') >= 0 };
}
