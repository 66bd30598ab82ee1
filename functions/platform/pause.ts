import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits between two tries: doubling from `firstMs`, with full jitter, so that callers who failed together do not
 * come back together.
 *
 * @param attempt 0 before the second try, 1 before the third, ...
 */
export async function pause(attempt: number, firstMs = 25, mostMs = 400): Promise<void> {
  await sleep(Math.random() * Math.min(mostMs, firstMs * 2 ** attempt));
}
