import type { RecordAttribute } from '../processing/record.ts';
import type { ArrivedLetter } from './arrived-letter.ts';
import { streamFailureOf } from './contents.ts';
import type { QueueName } from './queue-name.ts';

/** Why a message became a dead letter, for operators to read, and what of its attributes is the message's own. */
export interface Cause {
  reason: string;
  /** Where it failed; absent when SQS itself gave it up. */
  stage?: string;
  attributes: Record<string, RecordAttribute>;
}

/** What SNS adds to a message that it could not deliver: https://repost.aws/knowledge-center/sns-sqs-subscriptions-notifications */
const addedBySns = ['RequestID', 'ErrorCode', 'ErrorMessage'];

/** The service itself says why, and so do SNS and Lambda; what SQS moved died with the function, or with its time. */
export function causeOf(queue: QueueName, { body, attributes, receiveCount, movedBySqs }: ArrivedLetter): Cause {
  if (queue === 'permission-stream') return ofStream(body, attributes);
  const text = (name: string): string | undefined => attributes[name]?.text;
  const [reason, stage] = [text('reason'), text('stage')];
  if (!movedBySqs && reason !== undefined && stage !== undefined) {
    return { reason, stage, attributes: without(attributes, ['reason', 'stage']) };
  }
  const code = text('ErrorCode');
  if (!movedBySqs && code !== undefined) {
    const message = text('ErrorMessage');
    return {
      reason: `undeliverable: ${code}${message === undefined ? '' : `: ${message}`}`,
      stage: 'subscription',
      attributes: without(attributes, addedBySns),
    };
  }
  return { reason: `crash or timeout: received ${receivedBefore(receiveCount)} times`, attributes };
}

/**
 * How often a message was handed out before it was received here for the first time: SQS counts on when it moves a message
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html, ApproximateReceiveCount).
 */
export function receivedBefore(receiveCount: number): number {
  return Math.max(0, receiveCount - 1);
}

function ofStream(body: string, attributes: Cause['attributes']): Cause {
  const { condition, tries } = streamFailureOf(body) ?? {};
  const reason = condition === undefined ? 'unreadable: not a note about a stream' : `given up: ${condition}`;
  return { reason: tries === undefined ? reason : `${reason} after ${tries} tries`, stage: 'stream', attributes };
}

function without(attributes: Record<string, RecordAttribute>, names: readonly string[]): Cause['attributes'] {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}
