import type { LetterRow } from '../../platform/dead-letters.ts';
import { environment } from '../../platform/environment.ts';
import { secondsPerDay, toSeconds } from '../clock.ts';
import { isContradiction } from '../processing/contradictions.ts';
import { arrivalOf } from './arrival.ts';
import type { ArrivedLetter } from './arrived-letter.ts';
import { causeOf, receivedBefore } from './cause.ts';
import { contentsOf } from './contents.ts';
import type { QueueName } from './queue-name.ts';

/**
 * A letter as it is recorded: the original untouched, beside it what operators look for. It waits for one of them, unless
 * it contradicts history: then it is settled as discarded at once, and can be looked up as long as other settled ones.
 */
export function letterOf(queue: QueueName, arrived: ArrivedLetter): LetterRow {
  const { id, body, sentAt, groupId, sequenceNumber, receiveCount } = arrived;
  const cause = causeOf(queue, arrived);
  return {
    queue,
    arrival: arrivalOf(arrived),
    body,
    ...cause,
    ...contentsOf(queue, body),
    sqsMessageId: id,
    sentAt: new Date(sentAt).toISOString(),
    groupId,
    sequenceNumber,
    receiveCount: receivedBefore(receiveCount),
    ...(isContradiction(cause.reason) ? discarded() : { status: 'waiting' as const, waitingIn: queue }),
  };
}

function discarded(now = Date.now()): Pick<LetterRow, 'status' | 'settledAt' | 'expiresAt'> {
  return {
    status: 'discarded',
    settledAt: new Date(now).toISOString(),
    expiresAt: toSeconds(now) + environment.redriveRetentionDays * secondsPerDay,
  };
}
