import type { SQSRecord } from 'aws-lambda';
import type { ArrivedLetter } from '../domain/dead-letters/arrived-letter.ts';
import { queueRecordOf } from './queue.ts';

/** A message of a dead-letter queue as the domain knows it. */
export function arrivedLetterOf(record: SQSRecord): ArrivedLetter {
  const { DeadLetterQueueSourceArn } = record.attributes;
  return {
    ...queueRecordOf(record),
    movedBySqs: DeadLetterQueueSourceArn !== undefined,
  };
}
