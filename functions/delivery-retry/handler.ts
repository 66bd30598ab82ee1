import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { deadlineBefore, type Deadline } from '../domain/deadline.ts';
import { retryDelivery, secondsUntilNextTry } from '../domain/delivery/retry.ts';
import { batchResponse, queueRecordOf, sourceQueueOf } from '../entry/queue.ts';
import { errorSummary, logger } from '../platform/logger.ts';
import { changeVisibility } from '../platform/queues.ts';

/** Tries again, one connection a message, what the processor could not deliver. */
export async function handler({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  logger.addContext(context);
  const deadline = deadlineBefore(() => context.getRemainingTimeInMillis());
  const settled = await Promise.all(Records.map((record) => isSettled(record, deadline)));
  const unsettled = Records.filter((_record, index) => !settled[index]);
  await comeAgain(unsettled);
  return batchResponse(unsettled.map(({ messageId }) => messageId));
}

async function isSettled(record: SQSRecord, deadline: Deadline): Promise<boolean> {
  const { body, receiveCount } = queueRecordOf(record);
  try {
    return await retryDelivery(body, receiveCount, deadline);
  } catch (error) {
    logger.warn('A delivery could not be retried', { cause: errorSummary(error) });
    return false;
  }
}

/** Waits longer from try to try. Should this fail, the queue's own visibility timeout brings the messages back. */
async function comeAgain(records: readonly SQSRecord[]): Promise<void> {
  const [first] = records;
  if (first === undefined) return;
  const waits = records.map(queueRecordOf).map(({ receiptHandle, receiveCount }) => ({
    receiptHandle,
    seconds: secondsUntilNextTry(receiveCount),
  }));
  try {
    await changeVisibility(sourceQueueOf(first).url, waits);
  } catch (error) {
    logger.warn('Undelivered frames will come back late', { records: waits.length, cause: errorSummary(error) });
  }
}
