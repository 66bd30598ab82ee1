import * as v from 'valibot';
import type { LetterRow } from '../../platform/dead-letters.ts';
import { readJob } from '../delivery/fan-out-jobs.ts';
import { readUndelivered } from '../delivery/retry-queue.ts';
import { readEnvelope, UnreadableEnvelope } from '../protocol/envelope.ts';
import type { QueueName } from './queue-name.ts';

/** What the service can tell of a letter from its body. */
export type Contents = Pick<
  LetterRow,
  'readable' | 'chatId' | 'senderId' | 'messageId' | 'eventType' | 'publishTimestamp' | 'connectionId'
>;

const unreadable: Contents = { readable: false };

/** Reads a letter's body as whoever was to handle it would have. */
export function contentsOf(queue: QueueName, body: string): Contents {
  switch (queue) {
    case 'standard':
    case 'fifo':
      return ofMessage(body);
    case 'delivery-retry':
      return ofUndelivered(body);
    case 'fan-out':
      return ofJob(body);
    case 'permission-stream':
      return { readable: streamFailureOf(body) !== undefined };
  }
}

function ofMessage(body: string): Contents {
  try {
    const { messageId, senderId, publishTimestamp, payload } = readEnvelope(body);
    const { chatId, eventType } = payload;
    return { readable: true, chatId, senderId, messageId, eventType, publishTimestamp };
  } catch (error) {
    if (!(error instanceof UnreadableEnvelope)) throw error;
    return unreadable;
  }
}

function ofUndelivered(body: string): Contents {
  const undelivered = readUndelivered(body);
  if (undelivered === undefined) return unreadable;
  const { chatId, connectionId } = undelivered;
  return { readable: true, chatId, connectionId };
}

function ofJob(body: string): Contents {
  const job = readJob(body);
  return job === undefined ? unreadable : { readable: true, chatId: job.chatId };
}

/** The part of https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html that is always there. */
const StreamFailure = v.object({
  requestContext: v.object({ condition: v.string(), approximateInvokeCount: v.optional(v.number()) }),
  DDBStreamBatchInfo: v.object({ shardId: v.string() }),
});

/** What Lambda notes about records of a stream that it gave up, or nothing for a body that is no such note. */
export function streamFailureOf(body: string): { condition: string; tries: number | undefined } | undefined {
  try {
    const { requestContext } = v.parse(StreamFailure, JSON.parse(body));
    return { condition: requestContext.condition, tries: requestContext.approximateInvokeCount };
  } catch {
    return undefined;
  }
}
