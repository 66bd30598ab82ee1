import { readByNumber, readNumbersAmongNewest, type NumberedRow } from '../../platform/history-reads.ts';
import { hasExpired, isSettled } from './settled.ts';

/**
 * The lowest number that a chat's history still holds, `head + 1` when it holds none: a client that misses an earlier one
 * need not ask for it. Never too high, or a client would give up what is still there: where the index may not have caught
 * up with history, history itself is asked, and where even that does not tell, the answer is 1.
 */
export async function readFirstSequence(chatId: string, head: number, now: number): Promise<number> {
  if (head === 0) return 1;
  const indexed = await firstLive(chatId, head, now);
  if (indexed?.sequence === 1) return 1;
  if (indexed !== undefined && isSettled(indexed, now)) return indexed.sequence;

  const below = { from: 1, to: (indexed?.sequence ?? head + 1) - 1 };
  const { rows, more } = await readNumbersAmongNewest(chatId, below);
  if (more) return 1;
  const first = rows.find((row) => !hasExpired(row, now));
  return first?.sequence ?? below.to + 1;
}

/** The first row in the index that has not expired. Rows expire in the order of their numbers: a binary search finds it. */
async function firstLive(chatId: string, head: number, now: number): Promise<NumberedRow | undefined> {
  let first = await firstFrom(chatId, 1, head);
  if (first === undefined || !hasExpired(first, now)) return first;
  let expired = first.sequence;
  let live = head + 1;
  first = undefined;
  while (live - expired > 1) {
    const middle = expired + Math.floor((live - expired) / 2);
    const row = await firstFrom(chatId, middle, live - 1);
    if (row !== undefined && hasExpired(row, now)) {
      expired = row.sequence;
      continue;
    }
    live = middle;
    first = row ?? first;
  }
  return first;
}

async function firstFrom(chatId: string, from: number, to: number): Promise<NumberedRow | undefined> {
  const { rows } = await readByNumber(chatId, { from, to }, 1);
  return rows[0];
}
