import { appendToHistory, type HeldMessage } from '../../platform/history.ts';
import { pause } from '../../platform/pause.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { saysTheSame } from '../same-content.ts';
import { planCommit } from './commit-plan.ts';
import { Heads } from './heads.ts';

/** Thrown when others keep writing the same items: nothing was committed, and a later try will find them done. */
export class CommitContended extends Error {
  override readonly name = 'CommitContended';

  constructor() {
    super(`The commit lost against others ${maxRounds} times.`);
  }
}

/**
 * What became of a message. `stored`: it is in history, with this number if it has one, whether this commit put it
 * there or an earlier one. `repeated`: the run holds it twice, and the first stands for both. `conflicting`: its id
 * belongs to another message, and it can never be stored.
 */
export type Committed =
  | { state: 'stored'; sequence: number | undefined; publishTimestamp: string }
  | { state: 'repeated' }
  | { state: 'conflicting' };

/** A refusal teaches us one thing at least, so this many rounds without an end mean contention. */
const maxRounds = 12;

const heads = new Heads();

/**
 * Commits a run of messages of one chat, in order, in one transaction. Whatever happens, numbers stay consecutive: a
 * refused transaction writes nothing, and a message that is already there keeps its number and takes no other.
 *
 * @param envelopes of the chat, at most 99.
 * @returns one result a message, in their order.
 * @throws CommitContended; AWS errors as they are. After either, committing again is safe.
 */
export async function commit(chatId: string, envelopes: readonly Envelope[], now = Date.now()): Promise<Committed[]> {
  const firsts = firstsById(envelopes);
  const history = await store(chatId, firsts, now);
  return envelopes.map((envelope): Committed => {
    const held = history.get(envelope.messageId);
    if (held === undefined || !saysTheSame(envelope, held)) return { state: 'conflicting' };
    if (firsts.get(envelope.messageId) !== envelope) return { state: 'repeated' };
    return { state: 'stored', sequence: held.sequence, publishTimestamp: held.publishTimestamp };
  });
}

/** A transaction may name an item once, so a message that the run holds twice is committed once. */
function firstsById(envelopes: readonly Envelope[]): Map<string, Envelope> {
  const firsts = new Map<string, Envelope>();
  for (const envelope of envelopes) {
    if (!firsts.has(envelope.messageId)) firsts.set(envelope.messageId, envelope);
  }
  return firsts;
}

/** @returns what history holds under each of the ids, once it holds them all. */
async function store(
  chatId: string,
  envelopes: ReadonlyMap<string, Envelope>,
  now: number,
): Promise<Map<string, HeldMessage>> {
  const history = new Map<string, HeldMessage>();
  for (let round = 0; history.size < envelopes.size; round += 1) {
    if (round === maxRounds) throw new CommitContended();
    const waiting = [...envelopes.values()].filter(({ messageId }) => !history.has(messageId));
    const { head, rows } = planCommit(waiting, heads.get(chatId), now);
    const refusal = await appendToHistory(chatId, head, rows);
    if (refusal === undefined) {
      for (const row of rows) history.set(row.messageId, row);
      if (head) heads.set(chatId, head.to);
    } else {
      for (const [messageId, held] of refusal.held) history.set(messageId, held);
      if (refusal.head !== undefined) heads.set(chatId, refusal.head);
      else if (refusal.held.size === 0) await pause(round);
    }
  }
  return history;
}
