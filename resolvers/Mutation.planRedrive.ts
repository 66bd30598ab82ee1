import type { Context } from '@aws-appsync/utils';
import { type ControlRequest, execute, outputOf } from './control.ts';
import type { MutationPlanRedriveArgs, PlannedLetter, RedrivePlan } from './generated/schema.ts';
import { operatorOf } from './operator.ts';
import { orderOf } from './redrive-input.ts';

export function request(ctx: Context<MutationPlanRedriveArgs>): ControlRequest {
  operatorOf(ctx);
  return execute(ctx, 'plan', { input: orderOf(ctx.args.input) });
}

export function response(ctx: Context): RedrivePlan {
  const plan = outputOf(ctx, 'The plan could not be made; nothing was changed. Try again later.') as RedrivePlan;
  return { ...plan, sample: plan.sample.map((letter) => plannedLetterOf(letter)) };
}

function plannedLetterOf(letter: PlannedLetter): PlannedLetter {
  const { arrival, messageId, chatId, outcome, why } = letter;
  return { arrival, messageId: messageId ?? null, chatId: chatId ?? null, outcome, why };
}
