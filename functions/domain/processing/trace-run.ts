import { isTraced, tellSender } from '../../platform/trace.ts';
import type { QueueRecord } from './record.ts';
import type { Run } from './runs.ts';

/**
 * Processes a run, and tells it in the trace of each of its messages that is traced: a run has 25 at most.
 *
 * @returns what `work` does: the records that failed.
 */
export async function traceRun(run: Run, work: () => Promise<QueueRecord[]>): Promise<QueueRecord[]> {
  const parcels = run.kind === 'messages' ? run.parcels.filter(({ record }) => isTraced(record.traceHeader)) : [];
  if (parcels.length === 0) return work();
  const startedAt = Date.now();
  const failed = await work();
  for (const { record, envelope } of parcels) {
    const outcome = failed.includes(record) ? 'failed' : 'done';
    tellSender(record.traceHeader, { name: 'process', messageId: envelope.messageId, startedAt, outcome });
  }
  return failed;
}
