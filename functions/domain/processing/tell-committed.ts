import { logger } from '../../platform/logger.ts';
import { count, measure } from '../../platform/metrics.ts';
import { partOf } from '../multipart/part.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { kindOf, startOfLatency } from '../tracked-message.ts';
import type { Committed } from './commit.ts';
import type { Parcel } from './runs.ts';

/** The announcements of groups' ends, by their event type. */
const endOfGroup: Record<string, 'completed' | 'incomplete'> = {
  'multipart.completed': 'completed',
  'multipart.incomplete': 'incomplete',
};

/**
 * Tells, in metrics and the log, which messages of a run are in history now, and which were there before. Called once a
 * commit; one whose function dies before the metrics are written is not told, and found in history the next time.
 *
 * @param committed what became of each.
 */
export function tellCommitted(parcels: readonly Parcel[], committed: readonly Committed[], now = Date.now()): void {
  const added: string[] = [];
  const held: string[] = [];
  const numbers: number[] = [];
  for (const [index, parcel] of parcels.entries()) {
    const result = committed[index];
    const { messageId } = parcel.envelope;
    if (result?.state === 'stored' && result.isNew) {
      added.push(messageId);
      if (result.sequence !== undefined) numbers.push(result.sequence);
      measureAdded(parcel, now);
    } else if (result?.state === 'stored' || result?.state === 'repeated') {
      held.push(messageId);
    }
  }
  count('DuplicatesAbsorbed', held.length);
  if (held.length > 0) logger.info('Already in history', { messageIds: held });
  if (added.length === 0) return;
  logger.info('Committed', { messageIds: added, firstSequence: numbers[0], lastSequence: numbers.at(-1) });
}

function measureAdded({ envelope, record }: Parcel, now: number): void {
  const kind = kindOf(envelope);
  count('Committed', 1, kind);
  const start = startOfLatency(Date.parse(envelope.publishTimestamp), record.sentAt);
  if (start !== undefined) measure('CommitLatency', now - start, kind);
  if (partOf(envelope) !== undefined) count('PartsCommitted');
  const end = endOfGroupIn(envelope);
  if (end !== undefined) count('GroupsEnded', 1, end);
}

function endOfGroupIn({ payload: { eventType } }: Envelope): 'completed' | 'incomplete' | undefined {
  return Object.hasOwn(endOfGroup, eventType) ? endOfGroup[eventType] : undefined;
}
