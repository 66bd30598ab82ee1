import type { Context } from '@aws-appsync/utils';
import { changesOfGrants, planChanges, writtenOf } from './changes.ts';
import type { MutationGrantPermissionArgs, Permission } from './generated/schema.ts';

export function request(ctx: Context<MutationGrantPermissionArgs>): null {
  planChanges(ctx, changesOfGrants([ctx.args.input], false), false);
  return null;
}

export function response(ctx: Context): Permission {
  return writtenOf(ctx)[0] as Permission;
}
