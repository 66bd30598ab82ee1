import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { countUpTo, type RateCounter, uncount } from '../../platform/rate-counters.ts';
import { TooManyRequests } from '../protocol/errors.ts';

/** Allowances are counted in fixed windows, so a counter costs one write and no read. */
export const windowSeconds = 10;

/** How long a counter outlives its window before DynamoDB may delete it. */
const keptSeconds = 3600;

/** Messages one subject may send in a window: never over the burst, and no faster than the rate in the long run. */
export function allowancePerWindow(perSecond: number, burst: number): number {
  return Math.min(burst, perSecond * windowSeconds);
}

/**
 * Takes one message from the sender's and from the chat's allowance, both at once, or from neither: a user who is over
 * theirs must not use up that of a chat, nor a busy chat that of its members. Called only for those who may send, so
 * that a stranger cannot spend a chat's allowance.
 *
 * @param now epoch milliseconds.
 * @throws TooManyRequests when either is used up, naming the time to the next window.
 */
export async function spendAllowance(userId: string, chatId: string, now: number): Promise<void> {
  const allowance = allowancePerWindow(environment.rateLimitPerSecond, environment.rateLimitBurst);
  const window = Math.floor(now / 1000 / windowSeconds) * windowSeconds;
  const counters = [`user#${userId}`, `chat#${chatId}`].map((subject) => ({
    subject,
    window,
    expiresAt: window + keptSeconds,
  }));
  const granted = await Promise.all(counters.map((counter) => countUpTo(allowance, counter)));
  if (!granted.includes(false)) return;
  await giveBack(counters.filter((_counter, index) => granted[index]));
  throw new TooManyRequests((window + windowSeconds) * 1000 - now);
}

/** What cannot be given back is lost until the next window; the answer is the same. */
async function giveBack(counters: RateCounter[]): Promise<void> {
  try {
    await Promise.all(counters.map(uncount));
  } catch (error) {
    logger.warn('An allowance was not given back', { cause: errorSummary(error) });
  }
}
