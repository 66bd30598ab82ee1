import { putLetters, type LetterRow } from '../../platform/dead-letters.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import type { Deadline } from '../deadline.ts';
import { isFifo } from '../redriving/source.ts';
import type { ArrivedLetter } from './arrived-letter.ts';
import { letterOf } from './letter.ts';
import type { QueueName } from './queue-name.ts';

/**
 * Records what arrived from one dead-letter queue: all at once, or, when that fails, one after the other, so that a letter
 * that cannot be recorded does not keep the others from it.
 *
 * @returns what could not be recorded and must come again: on FIFO with all that follows it in its group, for a redrive
 * must not find a letter before the one it comes after. Never throws.
 */
export async function recordLetters(
  queue: QueueName,
  arrived: readonly ArrivedLetter[],
  deadline: Deadline,
): Promise<readonly ArrivedLetter[]> {
  if (await isRecorded(queue, arrived)) return [];
  const failed: ArrivedLetter[] = [];
  for (const letter of arrived) {
    const isBehind = isFifo(queue) && failed.some(({ groupId }) => groupId === letter.groupId);
    const waits = deadline.hasPassed() || isBehind;
    if (waits || !(await isRecorded(queue, [letter]))) failed.push(letter);
  }
  return failed;
}

async function isRecorded(queue: QueueName, arrived: readonly ArrivedLetter[]): Promise<boolean> {
  // A standard queue may hand out a letter twice in one batch.
  const rows = new Map<string, LetterRow>();
  try {
    for (const letter of arrived) {
      const row = letterOf(queue, letter);
      rows.set(row.arrival, row);
    }
    await putLetters(queue, [...rows.values()]);
    const waiting = [...rows.values()].filter(({ status }) => status === 'waiting').length;
    count('DeadLettersRecorded', waiting, queue);
    count('DeadLettersDiscarded', rows.size - waiting);
    logger.info('Recorded', { queue, letters: rows.size, messageIds: idsOf(rows) });
    return true;
  } catch (error) {
    const about = { queue, letters: rows.size, messageIds: idsOf(rows) };
    logger.error('Dead letters could not be recorded', { ...about, cause: errorSummary(error) });
    return false;
  }
}

/** Of the messages that could be read. */
function idsOf(rows: ReadonlyMap<string, LetterRow>): string[] {
  return [...rows.values()].flatMap(({ messageId = [] }) => messageId);
}
