import { type Context, util } from '@aws-appsync/utils';
import type { DeadLetterQueue } from './generated/schema.ts';
import { operatorOf } from './operator.ts';
import { deadLetterQueues, isRedrivable } from './rules/dead-letters.ts';
import { timeOfUlid } from './rules/ulid.ts';

export function request(ctx: Context): null {
  operatorOf(ctx);
  return null;
}

/** The oldest letter comes from an index, which trails the count by a moment. */
export function response(ctx: Context): DeadLetterQueue[] {
  const waiting = ctx.stash.waiting as number[];
  const oldest = ctx.stash.oldest as string[];
  return deadLetterQueues.map((name, index) => ({
    name,
    waiting: waiting[index] ?? 0,
    oldest: oldest[index] ? util.time.epochMilliSecondsToISO8601(timeOfUlid(oldest[index])) : null,
    redrivable: isRedrivable(name),
  }));
}
