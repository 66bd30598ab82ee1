import { type AppSyncIdentityCognito, type Context, util } from '@aws-appsync/utils';
import { forbidden } from './refusals.ts';

/**
 * The operator who is asking, as the audit names them: username and user id. Anybody else is Forbidden, should the schema's
 * directive let them through.
 */
export function operatorOf(ctx: Context): string {
  const identity = ctx.identity as AppSyncIdentityCognito | null | undefined;
  if (!identity?.sub) util.unauthorized();
  if ((identity.groups ?? []).indexOf('operators') < 0) forbidden();
  return `${identity.username} (${identity.sub})`;
}
