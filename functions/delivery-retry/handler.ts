import type { SQSEvent } from 'aws-lambda';
import { deadlineBefore } from '../domain/deadline.ts';
import { retryDelivery, secondsUntilNextTry } from '../domain/delivery/retry.ts';
import { returnSoon } from '../domain/processing/return-soon.ts';
import { invocation } from '../entry/invocation.ts';
import { batchResponse, queueRecordOf, sourceQueueOf } from '../entry/queue.ts';

/** Tries again, one connection a message, what the processor could not deliver. */
export const handler = invocation(async ({ Records }: SQSEvent, context) => {
  const [first] = Records;
  if (first === undefined) return batchResponse([]);
  const deadline = deadlineBefore(() => context.getRemainingTimeInMillis());
  const records = Records.map(queueRecordOf);
  const settled = await Promise.all(
    records.map(({ body, receiveCount }) => retryDelivery(body, receiveCount, deadline)),
  );
  const unsettled = records.filter((_record, index) => !settled[index]);
  await returnSoon(
    sourceQueueOf(first),
    unsettled.map((record) => ({ record, seconds: secondsUntilNextTry(record.receiveCount) })),
  );
  return batchResponse(unsettled.map(({ id }) => id));
});
