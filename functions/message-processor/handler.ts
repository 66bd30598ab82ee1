import type { SQSEvent } from 'aws-lambda';
import { deadlineBefore } from '../domain/deadline.ts';
import { processBatch } from '../domain/processing/process-batch.ts';
import { invocation } from '../entry/invocation.ts';
import { batchResponse, queueRecordOf, sourceQueueOf } from '../entry/queue.ts';

/**
 * Takes messages from the standard and the FIFO queue to history and to everyone who listens. A batch comes from one
 * queue; Lambda never mixes two sources.
 */
export const handler = invocation(async ({ Records }: SQSEvent, context) => {
  const [first] = Records;
  if (first === undefined) return batchResponse([]);
  const deadline = deadlineBefore(() => context.getRemainingTimeInMillis());
  return batchResponse(await processBatch(sourceQueueOf(first), Records.map(queueRecordOf), deadline));
});
