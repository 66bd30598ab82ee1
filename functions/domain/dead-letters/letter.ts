import type { LetterRow } from '../../platform/dead-letters.ts';
import { arrivalOf } from './arrival.ts';
import type { ArrivedLetter } from './arrived-letter.ts';
import { causeOf, receivedBefore } from './cause.ts';
import { contentsOf } from './contents.ts';
import type { QueueName } from './queue-name.ts';

/** A letter as it is recorded: the original untouched, beside it what operators look for. */
export function letterOf(queue: QueueName, arrived: ArrivedLetter): LetterRow {
  const { id, body, sentAt, groupId, sequenceNumber, receiveCount } = arrived;
  return {
    queue,
    arrival: arrivalOf(arrived),
    body,
    ...causeOf(queue, arrived),
    ...contentsOf(queue, body),
    sqsMessageId: id,
    sentAt: new Date(sentAt).toISOString(),
    groupId,
    sequenceNumber,
    receiveCount: receivedBefore(receiveCount),
    status: 'waiting',
    waitingIn: queue,
  };
}
