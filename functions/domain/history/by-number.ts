import {
  readByNumber,
  readNumbersAmongNewest,
  type NumberedRow,
  type NumberRange,
} from '../../platform/history-reads.ts';
import { ReplayPage, type ReplayedMessage } from '../protocol/replay-page.ts';
import { hasExpired, isSettled, mostReads } from './settled.ts';

/** Messages by number, without a gap that is not one of history's own. `next`: the first number this does not settle. */
export interface NumberedPage {
  messages: ReplayedMessage[];
  next: number | undefined;
}

/**
 * One page of a range of numbers, all of which have been given out. A number is settled when its message is here, or is
 * known to be in history no more: it has expired, or a higher one has been there for longer than the index ever lags, or
 * history itself was read whole. The page ends before the first number that is not.
 */
export async function readNumberedPage(chatId: string, range: NumberRange, now: number): Promise<NumberedPage> {
  const { held, readTo } = await readIndex(chatId, range, now);
  const gone = await explainHoles(chatId, { from: range.from, to: readTo }, held, now);
  const page = new ReplayPage(chatId);
  for (let number = range.from; number <= range.to; number += 1) {
    const row = held.get(number);
    if (row !== undefined ? !hasExpired(row, now) && !page.add(row) : !gone(number)) {
      return { messages: page.messages, next: number };
    }
  }
  return { messages: page.messages, next: undefined };
}

interface Indexed {
  held: Map<number, NumberedRow>;
  /** The last number that the index was asked about. */
  readTo: number;
}

/** Reads the index until a page is full. */
async function readIndex(chatId: string, { from, to }: NumberRange, now: number): Promise<Indexed> {
  const held = new Map<number, NumberedRow>();
  const page = new ReplayPage(chatId);
  let next = from;
  for (let reads = 0; next <= to && reads < mostReads; reads += 1) {
    const { rows, more } = await readByNumber(chatId, { from: next, to }, page.wanted(reads));
    let full = false;
    for (const row of rows) {
      held.set(row.sequence, row);
      full ||= !hasExpired(row, now) && !page.add(row);
    }
    if (!more) return { held, readTo: to };
    next = (rows.at(-1)?.sequence ?? to) + 1;
    if (full) break;
  }
  return { held, readTo: next - 1 };
}

/** Asks history for the numbers that the index lacks, adds those that are there, and tells which of the others are gone. */
async function explainHoles(
  chatId: string,
  range: NumberRange,
  held: Map<number, NumberedRow>,
  now: number,
): Promise<(number: number) => boolean> {
  const lastSettled = Math.max(0, ...[...held.values()].filter((row) => isSettled(row, now)).map(sequenceOf));
  const open = holesIn({ from: Math.max(range.from, lastSettled + 1), to: range.to }, held);
  const gone = (number: number): boolean => number < lastSettled;
  if (open === undefined) return gone;
  const { rows, more } = await readNumbersAmongNewest(chatId, open);
  for (const row of rows) held.set(row.sequence, row);
  return more ? gone : (number) => number <= range.to;
}

/** From the first to the last number of a range that is not there. */
function holesIn({ from, to }: NumberRange, held: ReadonlyMap<number, NumberedRow>): NumberRange | undefined {
  let first = from;
  while (first <= to && held.has(first)) first += 1;
  let last = to;
  while (last > first && held.has(last)) last -= 1;
  return first <= to ? { from: first, to: last } : undefined;
}

function sequenceOf({ sequence }: NumberedRow): number {
  return sequence;
}
