import { errorSummary, logger } from '../../platform/logger.ts';
import { changeVisibility } from '../../platform/queues.ts';
import type { QueueRecord, SourceQueue } from './record.ts';

/** A record that must come again, and in how many seconds. */
export interface Returned {
  record: Pick<QueueRecord, 'receiptHandle'>;
  seconds: number;
}

/**
 * Lets records come again soon: without this, they would wait out the queue's whole visibility timeout. Best effort, for
 * the same reason.
 */
export async function returnSoon(queue: Pick<SourceQueue, 'url'>, returned: readonly Returned[]): Promise<void> {
  if (returned.length === 0) return;
  try {
    await changeVisibility(
      queue.url,
      returned.map(({ record: { receiptHandle }, seconds }) => ({ receiptHandle, seconds })),
    );
  } catch (error) {
    logger.warn('Failed records will come back late', { records: returned.length, cause: errorSummary(error) });
  }
}

/**
 * How long a record that failed should wait.
 *
 * @param waits seconds after the first, second, ... try; the last holds for all that follow.
 * @param tries how often it has been tried, 1 or more.
 */
export function secondsUntilRetry(waits: readonly number[], tries: number): number {
  return waits[Math.min(tries, waits.length) - 1] ?? 0;
}
