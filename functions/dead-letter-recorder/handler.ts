import type { SQSEvent } from 'aws-lambda';
import { queueNameOf } from '../domain/dead-letters/queue-name.ts';
import { recordLetters } from '../domain/dead-letters/record-letters.ts';
import { deadlineBefore } from '../domain/deadline.ts';
import { arrivedLetterOf } from '../entry/dead-letters.ts';
import { invocation } from '../entry/invocation.ts';
import { batchResponse, sourceQueueOf } from '../entry/queue.ts';
import { environment } from '../platform/environment.ts';
import { errorSummary, logger } from '../platform/logger.ts';
import { changeVisibility } from '../platform/queues.ts';

/**
 * Drains the dead-letter queues into a table, where letters can be looked at, filtered and redriven without disturbing
 * anything. A batch comes from one queue; what cannot be recorded stays there and comes again, without end.
 */
export const handler = invocation(async ({ Records }: SQSEvent, context) => {
  const [first] = Records;
  if (first === undefined) return batchResponse([]);
  const deadline = deadlineBefore(() => context.getRemainingTimeInMillis());
  const failed = await recordLetters(queueNameOf(first.eventSourceARN), Records.map(arrivedLetterOf), deadline);
  if (failed.length > 0) await comeAgain(sourceQueueOf(first).url, failed);
  return batchResponse(failed.map(({ id }) => id));
});

/** Should this fail, the queue's visibility timeout brings the letters back. */
async function comeAgain(queueUrl: string, letters: readonly { receiptHandle: string }[]): Promise<void> {
  const seconds = environment.deadLetterRetrySeconds;
  try {
    await changeVisibility(
      queueUrl,
      letters.map(({ receiptHandle }) => ({ receiptHandle, seconds })),
    );
  } catch (error) {
    logger.warn('Dead letters will come back late', { letters: letters.length, cause: errorSummary(error) });
  }
}
