import { type Context, util } from '@aws-appsync/utils';
import { type ControlRequest, execute, outputOf } from './control.ts';
import type { MutationStartRedriveArgs, Redrive } from './generated/schema.ts';
import { operatorOf } from './operator.ts';
import { orderOf, reasonOf } from './redrive-input.ts';
import { redriveOf, type RedriveRow } from './redrive.ts';

/** Who, when and which are said here, once, so that a repeated request of the network is the same redrive. */
export function request(ctx: Context<MutationStartRedriveArgs>): ControlRequest {
  const startedBy = operatorOf(ctx);
  const order = orderOf(ctx.args.input);
  const reason = reasonOf(ctx.args.reason);
  // AWS does not say in which case its ULIDs are; the service's are in upper case.
  const redriveId = util.autoUlid().toUpperCase();
  ctx.stash.redriveId = redriveId;
  return execute(ctx, 'start', {
    redrive: { redriveId, ...order, reason, startedBy, startedAt: util.time.nowISO8601() },
  });
}

export function response(ctx: Context): Redrive {
  const unknown = `Nobody knows whether redrive ${ctx.stash.redriveId} was started: ask for it, and for redrives, before you start another.`;
  return redriveOf(outputOf(ctx, unknown) as RedriveRow);
}
