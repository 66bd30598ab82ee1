import { environment } from '../../platform/environment.ts';
import { logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import { sendMessage, type OutgoingMessage } from '../../platform/queues.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { QueueRecord, RecordAttribute, SourceQueue } from './record.ts';

/**
 * Where a message failed: being read, being committed to history, finding out who should get it, or having its group of
 * parts looked at.
 */
export type Stage = 'parse' | 'commit' | 'subscribers' | 'multi-part';

/** A record, and the message in it if it could be read. */
export interface Given {
  record: QueueRecord;
  envelope?: Envelope;
}

/** SQS takes ten attributes a message. Ours come first. */
const attributesPerMessage = 10;

/**
 * Sends a record to the dead-letter queue of its own queue, as it came, with why and where it failed. We do so ourselves,
 * rather than let SQS count its receives: on FIFO the healthy messages behind it would be counted along and die with it.
 *
 * @param reason for operators: names of errors and rules, never the message's own words.
 */
export async function deadLetter(
  queue: SourceQueue,
  { record, envelope }: Given,
  stage: Stage,
  reason: string,
): Promise<void> {
  const original = Object.entries(record.attributes).map(([name, value]) => [name, outgoing(value)] as const);
  const attributes = new Map<string, OutgoingAttribute>([
    ['reason', { DataType: 'String', StringValue: reason }],
    ['stage', { DataType: 'String', StringValue: stage }],
  ]);
  for (const [name, value] of original) {
    if (attributes.size < attributesPerMessage && !attributes.has(name)) attributes.set(name, value);
  }
  await sendMessage(queue.fifo ? environment.fifoDeadLetterQueueUrl : environment.standardDeadLetterQueueUrl, {
    MessageBody: record.body,
    MessageAttributes: Object.fromEntries(attributes),
    // The queue's own id: a message redriven and failed again is another letter, a repeated send is not.
    ...(record.groupId !== undefined && { MessageGroupId: record.groupId }),
    ...(queue.fifo && { MessageDeduplicationId: record.id }),
  });
  count('DeadLettersSent', 1, stage);
  logger.error('Dead letter', {
    messageId: envelope?.messageId,
    queueMessageId: record.id,
    stage,
    reason,
    receiveCount: record.receiveCount,
  });
}

type OutgoingAttribute = NonNullable<OutgoingMessage['MessageAttributes']>[string];

function outgoing({ dataType, text, binary }: RecordAttribute): OutgoingAttribute {
  return {
    DataType: dataType,
    ...(text !== undefined && { StringValue: text }),
    ...(binary !== undefined && { BinaryValue: Buffer.from(binary, 'base64') }),
  };
}
