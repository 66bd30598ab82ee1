import { TransactionCanceledException, type CancellationReason } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '../../platform/dynamodb.ts';
import { pause } from '../../platform/pause.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { saysTheSame } from '../same-content.ts';
import { actionsOf, findingsOf, planCommit, type CommitPlan } from './commit-plan.ts';
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

/** Refusals of one message are learnt from one round each at worst; more rounds than that mean contention. */
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
  const { results, firsts } = withoutRepeats(envelopes);
  let head = heads.get(chatId);
  let pending = [...firsts.keys()];
  for (let round = 0; pending.length > 0; round += 1) {
    if (round === maxRounds) throw new CommitContended();
    const plan = planCommit(
      chatId,
      pending.map((index) => firsts.get(index) as Envelope),
      head,
    );
    const reasons = await transact(plan, now);
    if (reasons === undefined) {
      pending.forEach((index, position) => {
        const { envelope, sequence } = plan.messages[position] as CommitPlan['messages'][number];
        results[index] = { state: 'stored', sequence, publishTimestamp: envelope.publishTimestamp };
      });
      head = plan.head?.to ?? head;
      break;
    }
    const findings = findingsOf(plan, reasons);
    if (findings.head === undefined && findings.stored.size === 0) await pause(round);
    head = findings.head ?? head;
    pending = pending.filter((index) => {
      const envelope = firsts.get(index) as Envelope;
      const stored = findings.stored.get(envelope.messageId);
      if (stored === undefined) return true;
      results[index] = saysTheSame(envelope, stored)
        ? { state: 'stored', sequence: stored.sequence, publishTimestamp: stored.publishTimestamp }
        : { state: 'conflicting' };
      return false;
    });
  }
  heads.set(chatId, head);
  return results;
}

/** A transaction may name an item once, so a message that the run holds twice is committed once. */
function withoutRepeats(envelopes: readonly Envelope[]): { results: Committed[]; firsts: Map<number, Envelope> } {
  const firsts = new Map<number, Envelope>();
  const byId = new Map<string, Envelope>();
  const results = envelopes.map((envelope, index): Committed => {
    const first = byId.get(envelope.messageId);
    if (first === undefined) {
      byId.set(envelope.messageId, envelope);
      firsts.set(index, envelope);
      return { state: 'repeated' };
    }
    const said = { senderId: first.senderId, payload: JSON.stringify(first.payload) };
    return { state: saysTheSame(envelope, said) ? 'repeated' : 'conflicting' };
  });
  return { results, firsts };
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
