import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { changeVisibility } from '../../platform/queues.ts';
import { deleteRows } from '../../platform/delete-rows.ts';
import type { RowKey } from '../../platform/read-together.ts';
import type { Deadline } from '../deadline.ts';
import { ProcessRun } from './process-run.ts';
import type { QueueRecord, SourceQueue } from './record.ts';
import { groupsOf, recordsOf, type Run } from './runs.ts';

/** A record that must come again, and in how many seconds. */
interface Returned {
  record: QueueRecord;
  seconds: number;
}

/**
 * Processes a batch from one queue: groups side by side, the runs of a group in order. On FIFO the first record that
 * fails stops its group, since nothing may overtake it.
 *
 * @returns the ids of the records that the queue must hand out again.
 */
export async function processBatch(
  queue: SourceQueue,
  records: readonly QueueRecord[],
  deadline: Deadline,
): Promise<string[]> {
  const process = new ProcessRun(queue, deadline);
  const groups = groupsOf(records, queue.fifo);
  const returned = (await Promise.all(groups.map((runs) => processGroup(queue, runs, process, deadline)))).flat();
  await Promise.all([returnSoon(queue, returned), forget(process.rowsToForget(), deadline)]);
  return returned.map(({ record }) => record.id);
}

async function processGroup(
  queue: SourceQueue,
  runs: readonly Run[],
  process: ProcessRun,
  deadline: Deadline,
): Promise<Returned[]> {
  const returned: Returned[] = [];
  for (const [index, run] of runs.entries()) {
    const failed = deadline.hasPassed() ? recordsOf(run) : await process.run(run);
    const [first] = failed;
    if (first === undefined) continue;
    if (!queue.fifo) {
      returned.push(...failed.map((record) => ({ record, seconds: secondsUntilRetry(record) })));
      continue;
    }
    // The whole rest of the group waits as long as the record that stopped it, or it would be received without it.
    const rest = [...failed, ...runs.slice(index + 1).flatMap(recordsOf)];
    return rest.map((record) => ({ record, seconds: secondsUntilRetry(first) }));
  }
  return returned;
}

function secondsUntilRetry({ receiveCount }: QueueRecord): number {
  const waits = environment.processorRetrySeconds;
  return waits[Math.min(receiveCount, waits.length) - 1] ?? 0;
}

/** Without this, a record that failed would wait out the queue's whole visibility timeout. */
async function returnSoon(queue: SourceQueue, returned: readonly Returned[]): Promise<void> {
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

/** Best effort: what stays is found again with the next message. */
async function forget(rows: readonly RowKey[], deadline: Deadline): Promise<void> {
  if (deadline.hasPassed()) return;
  try {
    await deleteRows(rows);
  } catch (error) {
    logger.warn('Rows of gone connections stay behind', { rows: rows.length, cause: errorSummary(error) });
  }
}
