import { TransactionCanceledException, type CancellationReason } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '../../platform/dynamodb.ts';
import { pause } from '../../platform/pause.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { saysTheSame } from '../same-content.ts';
import { actionsOf, findingsOf, planCommit, type CommitPlan, type StoredMessage } from './commit-plan.ts';
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
  const stored = await store(chatId, firsts, now);
  return envelopes.map((envelope): Committed => {
    const held = stored.get(envelope.messageId);
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
): Promise<Map<string, StoredMessage>> {
  const stored = new Map<string, StoredMessage>();
  const waiting = new Map(envelopes);
  let head = heads.get(chatId);
  for (let round = 0; waiting.size > 0; round += 1) {
    if (round === maxRounds) throw new CommitContended();
    const plan = planCommit(chatId, [...waiting.values()], head);
    const reasons = await transact(plan, now);
    const findings = reasons === undefined ? outcomeOf(plan) : findingsOf(plan, reasons);
    if (findings.head === undefined && findings.stored.size === 0) await pause(round);
    if (findings.head !== undefined) {
      head = findings.head;
      heads.set(chatId, head);
    }
    for (const [messageId, message] of findings.stored) {
      stored.set(messageId, message);
      waiting.delete(messageId);
    }
  }
  return stored;
}

/** What the world is like after a transaction that stands. */
function outcomeOf({ head, messages }: CommitPlan): ReturnType<typeof findingsOf> {
  return {
    ...(head && { head: head.to }),
    stored: new Map(
      messages.map(({ envelope: { messageId, senderId, payload, publishTimestamp }, sequence }) => [
        messageId,
        { senderId, payload: JSON.stringify(payload), publishTimestamp, ...(sequence !== undefined && { sequence }) },
      ]),
    ),
  };
}

/** @returns nothing when the transaction stands, or the reasons why it was cancelled for now. */
async function transact(plan: CommitPlan, now: number): Promise<CancellationReason[] | undefined> {
  try {
    await dynamodb.send(new TransactWriteCommand({ TransactItems: actionsOf(plan, now) }));
    return undefined;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const reasons = error.CancellationReasons ?? [];
    if (!reasons.some(({ Code }) => Code !== undefined && passing.has(Code))) throw error;
    return reasons;
  }
}

/** Reasons that another round can overcome. Others (`ValidationError`) would only come again. */
const passing = new Set([
  'ConditionalCheckFailed',
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);
