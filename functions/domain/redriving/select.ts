import { isMeant, type Letter } from '../../../resolvers/rules/dead-letters.ts';
import { lowestUlidAt } from '../../../resolvers/rules/ulid.ts';
import { readWaiting, type LetterRow } from '../../platform/dead-letters.ts';
import type { Order } from './order.ts';
import { Senders } from './senders.ts';

/** What selecting asks of a letter. */
const decisive = [
  'arrival',
  'reason',
  'readable',
  'chatId',
  'senderId',
  'eventType',
  'messageId',
  'groupId',
] as const satisfies (keyof LetterRow)[];

export type Selectable = Pick<LetterRow, (typeof decisive)[number]>;

/**
 * What is to become of a letter. `other`: it is not meant. `take`: it is. `skip`: its sender may not send to its chat now.
 * `behind`: a letter of its FIFO group failed in this redrive, and it must not overtake that one.
 */
export type Verdict = 'other' | 'take' | 'skip' | 'behind';

/** Where a selection begins and how far it goes. */
export interface Search {
  order: Order;
  /** The last arrival that was looked at before. */
  after: string | undefined;
  /** Letters sent at this time (epoch milliseconds) or later are not looked at: among them are those that were redriven and failed again. */
  until: number;
  failedGroups: ReadonlySet<string>;
  /** How many letters to take at most. */
  most: number;
  /** Asked between pages of letters. */
  goesOn(examined: number): boolean;
}

/** What a selection came to. */
export interface Selected {
  taken: Selectable[];
  examined: number;
  matched: number;
  skipped: number;
  behind: number;
  /** The last arrival that was looked at, settled ones included. */
  cursor: string | undefined;
  /** Whether there are no more letters to look at. */
  finished: boolean;
}

/** The first page holds just enough if every letter is meant; each further one is larger, up to this. */
const rowsPerPage = 400;
const growth = 4;

/**
 * Looks at the letters that wait, oldest first, and takes those that the order means. Looks at none behind the last one
 * taken, so that the counts say exactly how many were looked at. Planning and redriving select with this.
 *
 * @param see is told of each letter, in order.
 */
export async function select(
  search: Search,
  see: (letter: Selectable, verdict: Verdict) => void = () => {},
): Promise<Selected> {
  const { order, most, until, goesOn } = search;
  const selected: Selected = {
    taken: [],
    ...{ examined: 0, matched: 0, skipped: 0, behind: 0 },
    cursor: search.after,
    finished: false,
  };
  const judge = judgeOf(search);
  const { sentAfter = 0, sentBefore = Infinity } = order.selection;
  const before = lowestUlidAt(Math.min(until, sentBefore));
  const start = lowestUlidAt(sentAfter);
  let rows = Math.min(most, rowsPerPage);
  while (selected.taken.length < most && goesOn(selected.examined)) {
    const page = await readWaiting({ queue: order.queue, start, after: selected.cursor, before }, rows, decisive);
    const verdicts = await judge(page.letters);
    for (const [index, letter] of page.letters.entries()) {
      if (selected.taken.length === most) return selected;
      const verdict = verdicts[index] ?? 'other';
      see(letter, verdict);
      count(selected, letter, verdict);
    }
    selected.finished = page.searchedTo === undefined;
    if (selected.finished) return selected;
    selected.cursor = page.searchedTo;
    rows = Math.min(rows * growth, rowsPerPage);
  }
  return selected;
}

function count(selected: Selected, letter: Selectable, verdict: Verdict): void {
  selected.examined += 1;
  selected.cursor = letter.arrival;
  if (verdict === 'other') return;
  selected.matched += 1;
  if (verdict === 'take') selected.taken.push(letter);
  if (verdict === 'skip') selected.skipped += 1;
  if (verdict === 'behind') selected.behind += 1;
}

function judgeOf({ order, failedGroups }: Search): (letters: readonly Selectable[]) => Promise<Verdict[]> {
  const senders = new Senders();
  return async (letters) => {
    const meant = letters.filter((letter) => isMeant(order.selection, letter as Letter));
    // Giving a letter up sends nothing in anybody's name.
    const asks = order.mode === 'redrive' && !order.includeRevokedSenders;
    const allowed = asks ? await senders.areAllowed(meant, Date.now()) : meant.map(() => true);
    const verdicts = new Map<Selectable, Verdict>(
      meant.map((letter, index) => {
        if (letter.groupId !== undefined && failedGroups.has(letter.groupId)) return [letter, 'behind'];
        return [letter, allowed[index] ? 'take' : 'skip'];
      }),
    );
    return letters.map((letter) => verdicts.get(letter) ?? 'other');
  };
}
