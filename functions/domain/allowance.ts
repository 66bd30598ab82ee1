import { keptSeconds, untilNextWindow, windowAt, windowSeconds } from '../../resolvers/rules/allowance.ts';
import { errorSummary, logger } from '../platform/logger.ts';
import { countUpTo, type RateCounter, uncount } from '../platform/rate-counters.ts';
import { TooManyRequests } from './protocol/errors.ts';

/** What somebody takes of an allowance. */
export interface Spending {
  /** Whose allowance of what: `user#ID`, `large#ID`, `chat#ID`, `subscriptions#ID` or `permissions#ID`. */
  subject: string;
  /** How much is taken, whole. */
  amount: number;
  /** How much there is a second in the long run, and at most in one window. */
  perSecond: number;
  burst: number;
}

/** How much one subject may take in a window: never over the burst, and no faster than the rate in the long run. */
export function allowancePerWindow(perSecond: number, burst: number): number {
  return Math.min(burst, perSecond * windowSeconds);
}

/**
 * Whose allowance this function found used up, in the window it last looked at. A flood asks a warm function again and
 * again: each time would write a counter of the chat and take that back, and an item takes 1,000 writes a second, the
 * other members' among them.
 */
const usedUp = { window: 0, subjects: new Set<string>() };

function usedUpIn(window: number): Set<string> {
  if (usedUp.window !== window) Object.assign(usedUp, { window, subjects: new Set<string>() });
  return usedUp.subjects;
}

/**
 * Takes from all these allowances at once, or from none.
 *
 * @param now epoch milliseconds.
 * @throws TooManyRequests when one of them has too little left, naming the time to the next window; until then this
 * function refuses the same subject without asking DynamoDB.
 */
export async function spend(spendings: readonly Spending[], now: number): Promise<void> {
  const window = windowAt(now / 1000);
  const refusal = new TooManyRequests(untilNextWindow(now));
  if (spendings.some(({ subject }) => usedUpIn(window).has(subject))) throw refusal;

  const counted = await Promise.all(
    spendings.map(async ({ subject, amount, perSecond, burst }) => {
      const counter = { subject, window, amount, expiresAt: window + keptSeconds };
      return { counter, granted: await countUpTo(allowancePerWindow(perSecond, burst), counter) };
    }),
  );
  if (counted.every(({ granted }) => granted)) return;
  for (const { counter, granted } of counted) if (!granted) usedUpIn(window).add(counter.subject);
  await giveBack(counted.flatMap(({ counter, granted }) => (granted ? [counter] : [])));
  throw refusal;
}

/** What cannot be given back is lost until the next window; the answer is the same. */
async function giveBack(counters: RateCounter[]): Promise<void> {
  try {
    await Promise.all(counters.map(uncount));
  } catch (error) {
    logger.warn('An allowance was not given back', { cause: errorSummary(error) });
  }
}
