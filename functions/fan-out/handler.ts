import type { SQSEvent } from 'aws-lambda';
import { deadlineBefore } from '../domain/deadline.ts';
import { serveSlots } from '../domain/delivery/serve-slots.ts';
import { invocation } from '../entry/invocation.ts';
import { batchResponse, queueRecordOf, sourceQueueOf } from '../entry/queue.ts';

/** Posts the messages of large chats, one slot of subscribers a record. */
export const handler = invocation(async ({ Records }: SQSEvent, context) => {
  const [first] = Records;
  if (first === undefined) return batchResponse([]);
  const deadline = deadlineBefore(() => context.getRemainingTimeInMillis());
  return batchResponse(await serveSlots(sourceQueueOf(first), Records.map(queueRecordOf), deadline));
});
