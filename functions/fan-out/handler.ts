import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { deadlineBefore } from '../domain/deadline.ts';
import { serveSlots } from '../domain/delivery/serve-slots.ts';
import { batchResponse, queueRecordOf, sourceQueueOf } from '../entry/queue.ts';
import { logger } from '../platform/logger.ts';

/** Posts the messages of large chats, one slot of subscribers a record. */
export async function handler({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  logger.addContext(context);
  const [first] = Records;
  if (first === undefined) return batchResponse([]);
  const deadline = deadlineBefore(() => context.getRemainingTimeInMillis());
  return batchResponse(await serveSlots(sourceQueueOf(first), Records.map(queueRecordOf), deadline));
}
