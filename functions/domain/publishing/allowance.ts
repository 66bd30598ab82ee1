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
 * Takes one message from the sender's and from the chat's allowance, both at once, or from neither: a user who is over
 * theirs must not use up that of a chat, nor a busy chat that of its members. The chat's is several times a user's.
 * Called only for those who may send, so that a stranger cannot spend a chat's allowance.
 *
 * @param now epoch milliseconds.
 * @throws TooManyRequests when either is used up, naming the time to the next window; until then this function refuses the
 * same user, or the same chat, without asking DynamoDB.
 */
export async function spendAllowance(userId: string, chatId: string, now: number): Promise<void> {
  const { userRatePerSecond, userBurst, chatRatePerSecond, chatBurst } = environment;
  const window = Math.floor(now / 1000 / windowSeconds) * windowSeconds;
  const allowances = [
    { subject: `user#${userId}`, most: allowancePerWindow(userRatePerSecond, userBurst) },
    { subject: `chat#${chatId}`, most: allowancePerWindow(chatRatePerSecond, chatBurst) },
  ].map(({ subject, most }) => ({ most, counter: { subject, window, expiresAt: window + keptSeconds } }));
  const refused = new TooManyRequests((window + windowSeconds) * 1000 - now);
  if (allowances.some(({ counter }) => usedUpIn(window).has(counter.subject))) throw refused;

  const granted = await Promise.all(allowances.map(({ most, counter }) => countUpTo(most, counter)));
  if (!granted.includes(false)) return;
  const counters = allowances.map(({ counter }) => counter);
  for (const { subject } of counters.filter((_counter, index) => !granted[index])) usedUpIn(window).add(subject);
  await giveBack(counters.filter((_counter, index) => granted[index]));
  throw refused;
}

/** What cannot be given back is lost until the next window; the answer is the same. */
async function giveBack(counters: RateCounter[]): Promise<void> {
  try {
    await Promise.all(counters.map(uncount));
  } catch (error) {
    logger.warn('An allowance was not given back', { cause: errorSummary(error) });
  }
}
