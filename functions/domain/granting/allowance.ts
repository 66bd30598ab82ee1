import { changesSubject } from '../../../resolvers/rules/allowance.ts';
import { environment } from '../../platform/environment.ts';
import { spend } from '../allowance.ts';

/**
 * Takes one change of a permission from what a user may change, here or through GraphQL, whether they turn out to be allowed to
 * or not: each is a transaction, and a removal is work for the stream of permissions, in which others' removals wait.
 *
 * @param now epoch milliseconds.
 * @throws TooManyRequests when none are left.
 */
export async function spendChange(userId: string, now: number): Promise<void> {
  const { permissionRatePerSecond: perSecond, permissionBurst: burst } = environment;
  await spend([{ subject: changesSubject(userId), amount: 1, perSecond, burst }], now);
}
