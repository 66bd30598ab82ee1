import type { Context } from '@aws-appsync/utils';
import { changesOfGrants, planChanges, writtenOf } from './changes.ts';
import type { MutationGrantPermissionsArgs, Permission } from './generated/schema.ts';
import { refuse } from './refusals.ts';

/** A transaction takes 100 items; each grant may need three: the permission, its chat, the caller's right there. */
const mostGrants = 25;

export function request(ctx: Context<MutationGrantPermissionsArgs>): null {
  const inputs = ctx.args.inputs;
  if (inputs.length < 1 || inputs.length > mostGrants) {
    refuse('InvalidInput', `Invalid inputs: expected 1 to ${mostGrants}, got ${inputs.length}`);
  }
  planChanges(ctx, changesOfGrants(inputs, true), true);
  return null;
}

export function response(ctx: Context): Permission[] {
  return writtenOf(ctx);
}
