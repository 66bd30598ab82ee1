import { type Context, util } from '@aws-appsync/utils';
import { type ControlRequest, execute, outputOf } from './control.ts';
import type { MutationCancelRedriveArgs, Redrive } from './generated/schema.ts';
import { operatorOf } from './operator.ts';
import { reasonOf, redriveIdOf } from './redrive-input.ts';
import { redriveOf, type RedriveRow } from './redrive.ts';

export function request(ctx: Context<MutationCancelRedriveArgs>): ControlRequest {
  const by = operatorOf(ctx);
  const redriveId = redriveIdOf(ctx.args.redriveId);
  const reason = reasonOf(ctx.args.reason);
  return execute(ctx, 'cancel', { redriveId, by, reason, at: util.time.nowISO8601() });
}

export function response(ctx: Context<MutationCancelRedriveArgs>): Redrive {
  const unknown = `Nobody knows whether redrive ${ctx.args.redriveId} was cancelled: ask for it, and cancel it again if need be.`;
  return redriveOf(outputOf(ctx, unknown) as RedriveRow);
}
