import type { QueueRecord } from '../processing/record.ts';

/** A message received from a dead-letter queue. */
export interface ArrivedLetter extends QueueRecord {
  /** Whether SQS itself put it there, after the receives its source queue allows. AWS tells; others may not. */
  movedBySqs: boolean;
}
