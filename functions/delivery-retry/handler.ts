import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { deadlineBefore, type Deadline } from '../domain/deadline.ts';
import { retryDelivery, secondsUntilNextTry } from '../domain/delivery/retry.ts';
import { returnSoon } from '../domain/processing/return-soon.ts';
import { batchResponse, queueRecordOf, sourceQueueOf } from '../entry/queue.ts';
import { errorSummary, logger } from '../platform/logger.ts';

/** Tries again, one connection a message, what the processor could not deliver. */
export async function handler({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  logger.addContext(context);
  const [first] = Records;
  if (first === undefined) return batchResponse([]);
  const deadline = deadlineBefore(() => context.getRemainingTimeInMillis());
  const settled = await Promise.all(Records.map((record) => isSettled(record, deadline)));
  const unsettled = Records.filter((_record, index) => !settled[index]);
  await returnSoon(
    sourceQueueOf(first),
    unsettled.map(queueRecordOf).map((record) => ({ record, seconds: secondsUntilNextTry(record.receiveCount) })),
  );
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
