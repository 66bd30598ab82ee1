import { appendToHistory, type HeldMessage, type Refusal } from '../../platform/history.ts';
import { count, measure } from '../../platform/metrics.ts';
import { pause } from '../../platform/pause.ts';
import type { Deadline } from '../deadline.ts';
import { groupKey, partOf } from '../multipart/part.ts';
import { refusalOf, type PartRefusal } from '../multipart/refusal.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { saysTheSame, type Said } from '../same-content.ts';
import { planCommit, type CommitPlan } from './commit-plan.ts';
import { Heads } from './heads.ts';
import { awaitTurn } from './turn.ts';

/** Thrown when others keep writing the same items: nothing was committed, and a later try will find them done. */
export class CommitContended extends Error {
  override readonly name = 'CommitContended';

  constructor(tries: number) {
    super(`The commit lost against others ${tries} times.`);
  }
}

/**
 * What became of a message. `stored`: it is in history, with this number if it has one, and `isNew` when this commit put
 * it there, not an earlier one. `repeated`: the run holds it twice, and the first stands for both. `conflicting`: its id
 * belongs to another message, and it can never be stored. `refused`: it is a part that its group will never take.
 */
export type Committed =
  | { state: 'stored'; isNew: boolean; sequence: number | undefined; publishTimestamp: string }
  | { state: 'repeated' }
  | { state: 'conflicting' }
  | { state: 'refused'; why: PartRefusal };

/**
 * So many refusals that settled no message mean contention. 20 processors at one group lose about half as often, even
 * where each transaction takes 200 ms.
 */
const maxLosses = 60;

const heads = new Heads();

/**
 * Commits a run of messages of one chat, in order, in one transaction. Whatever happens, numbers stay consecutive: a
 * refused transaction writes nothing, and a message that is already there keeps its number and takes no other. A part is
 * in history if and only if it is counted in its group.
 *
 * @param envelopes of the chat, at most 25.
 * @returns one result a message, in their order.
 * @throws CommitContended; AWS errors as they are. After either, committing again is safe.
 */
export async function commit(
  chatId: string,
  envelopes: readonly Envelope[],
  deadline: Deadline,
  now = Date.now(),
): Promise<Committed[]> {
  const firsts = firstsById(envelopes);
  const { history, added, refused } = await settle(chatId, firsts, deadline, now);
  return envelopes.map((envelope): Committed => {
    const first = firsts.get(envelope.messageId) ?? envelope;
    const why = refused.get(envelope.messageId);
    if (why !== undefined) {
      if (envelope === first) return { state: 'refused', why };
      return { state: saysTheSame(envelope, saidBy(first)) ? 'repeated' : 'conflicting' };
    }
    const held = history.get(envelope.messageId);
    if (held === undefined || !saysTheSame(envelope, held)) return { state: 'conflicting' };
    if (envelope !== first) return { state: 'repeated' };
    const { sequence, publishTimestamp } = held;
    return { state: 'stored', isNew: added.has(envelope.messageId), sequence, publishTimestamp };
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

function saidBy({ senderId, payload }: Envelope): Said {
  return { senderId, payload: JSON.stringify(payload) };
}

/** What is settled of a run, by message id. */
interface Settled {
  /** What history holds under an id, by this commit or an earlier one, and whether it is the same message or not. */
  history: Map<string, HeldMessage>;
  /** Those of them that this commit put there. */
  added: Set<string>;
  /** Parts that their groups will never take, and why. */
  refused: Map<string, PartRefusal>;
}

/** Commits until nothing is left to settle. */
async function settle(
  chatId: string,
  envelopes: ReadonlyMap<string, Envelope>,
  deadline: Deadline,
  now: number,
): Promise<Settled> {
  const settled: Settled = { history: new Map(), added: new Set(), refused: new Map() };
  const { history, added, refused } = settled;
  const settledCount = (): number => history.size + refused.size;
  for (let losses = 0; settledCount() < envelopes.size;) {
    if (losses === maxLosses || (losses > 0 && deadline.hasPassed())) throw new CommitContended(losses);
    const waiting = [...envelopes.values()].filter(({ messageId: id }) => !history.has(id) && !refused.has(id));
    const plan = planCommit(waiting, heads.get(chatId), now);
    const before = settledCount();
    const headWasKnown = heads.knows(chatId);
    const refusal = await appendToHistory(chatId, plan);
    if (refusal === undefined) {
      measure('RunLength', plan.rows.length);
      for (const row of plan.rows) {
        history.set(row.messageId, row);
        added.add(row.messageId);
      }
      if (plan.head) heads.set(chatId, plan.head.to);
      continue;
    }
    learn(settled, plan, refusal);
    if (refusal.head !== undefined) heads.set(chatId, refusal.head);
    if (settledCount() > before) continue;
    // The first commit in a chat learns its head from the refusal: nobody was in the way.
    if (refusal.head === undefined || headWasKnown) count('SequenceConflicts');
    if (refusal.head === undefined) await (plan.groups.length > 0 ? awaitTurn(losses) : pause(losses));
    losses += 1;
  }
  return settled;
}

/**
 * A part is refused only where nothing stood in the way of the message itself: one that history holds joined its group
 * when it got there, whatever became of the group since.
 */
function learn({ history, refused }: Settled, { envelopes }: CommitPlan, refusal: Refusal): void {
  for (const [messageId, held] of refusal.held) history.set(messageId, held);
  for (const envelope of envelopes) {
    const part = partOf(envelope);
    if (part === undefined || !refusal.free.has(part.messageId)) continue;
    const why = refusalOf(part, refusal.groups.get(groupKey(part)), refusal.holders.get(part.messageId));
    if (why !== undefined) refused.set(part.messageId, why);
  }
}
