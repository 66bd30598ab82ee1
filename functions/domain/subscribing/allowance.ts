import { environment } from '../../platform/environment.ts';
import { spend } from '../allowance.ts';

/**
 * Takes so many subscriptions from what a user may make, over all their connections: each is written in a transaction,
 * and one frame asks for a hundred, so a flood of them would use up what the table takes from everybody.
 *
 * @param now epoch milliseconds.
 * @throws TooManyRequests when the allowance has fewer left.
 */
export async function spendSubscriptions(userId: string, amount: number, now: number): Promise<void> {
  if (amount === 0) return;
  const { subscriptionRatePerSecond: perSecond, subscriptionBurst: burst } = environment;
  await spend([{ subject: `subscriptions#${userId}`, amount, perSecond, burst }], now);
}
