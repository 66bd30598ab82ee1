import { readAfterId } from '../../platform/history-reads.ts';
import { ReplayPage, type ReplayedMessage } from '../protocol/replay-page.ts';
import { hasExpired, mostReads } from './settled.ts';

/** Messages by id. `next`: the id to go on after, when there is more. */
export interface IdPage {
  messages: ReplayedMessage[];
  next: string | undefined;
}

/**
 * One page of the messages after an id, numbered or not, in the order of their ids: of when they were published. One
 * that was committed late lies at its publish time, behind readers who are past it.
 */
export async function readPageAfter(chatId: string, messageId: string, now: number): Promise<IdPage> {
  const page = new ReplayPage(chatId);
  let after = messageId;
  for (let reads = 0; reads < mostReads; reads += 1) {
    const { rows, more } = await readAfterId(chatId, after, page.wanted(reads));
    for (const row of rows) {
      if (!hasExpired(row, now) && !page.add(row)) return { messages: page.messages, next: after };
      after = row.messageId;
    }
    if (!more) return { messages: page.messages, next: undefined };
  }
  return { messages: page.messages, next: after };
}
