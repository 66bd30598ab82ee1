import { environment } from '../../platform/environment.ts';
import type { Deadline } from '../deadline.ts';
import { forget } from '../delivery/forget.ts';
import { ProcessRun } from './process-run.ts';
import type { QueueRecord, SourceQueue } from './record.ts';
import { returnSoon, secondsUntilRetry, type Returned } from './return-soon.ts';
import { groupsOf, recordsOf, type Run } from './runs.ts';
import { traceRun } from './trace-run.ts';

type ReturnedRecord = Returned & { record: QueueRecord };

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
): Promise<ReturnedRecord[]> {
  const returned: ReturnedRecord[] = [];
  for (const [index, run] of runs.entries()) {
    const failed = deadline.hasPassed() ? recordsOf(run) : await traceRun(run, () => process.run(run));
    const [first] = failed;
    if (first === undefined) continue;
    if (!queue.fifo) {
      returned.push(...failed.map((record) => ({ record, seconds: secondsUntil(record) })));
      continue;
    }
    // The whole rest of the group waits as long as the record that stopped it, or it would be received without it.
    const rest = [...failed, ...runs.slice(index + 1).flatMap(recordsOf)];
    return rest.map((record) => ({ record, seconds: secondsUntil(first) }));
  }
  return returned;
}

function secondsUntil({ receiveCount }: QueueRecord): number {
  return secondsUntilRetry(environment.processorRetrySeconds, receiveCount);
}
