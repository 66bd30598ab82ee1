import {
  type Action,
  countWaiting,
  markRedriving,
  markRefused,
  markSettled,
  readLetters,
} from '../../platform/dead-letters.ts';
import { environment } from '../../platform/environment.ts';
import { logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import {
  type Counts,
  type Progress,
  readRedrive,
  type RedriveRow,
  type Turn,
  writeStep,
} from '../../platform/redrives.ts';
import { secondsPerDay, toSeconds } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import { readOrder, type Order } from './order.ts';
import { Pace } from './pace.ts';
import { select, type Search, type Selected } from './select.ts';
import { sendAgain } from './send-again.ts';
import { isFifo } from './source.ts';

/** Which redrive, on which queue, and which of its executions asks. */
export interface Batch {
  redriveId: string;
  queue: string;
  generation: number;
}

/** How a redrive goes on after a batch. */
export interface Outcome {
  /** `superseded`: another execution, or none, has the lease, so whoever asked has nothing more to do. */
  state: 'more' | 'done' | 'cancelled' | 'superseded';
  /** How long whoever asked should wait before the next batch. */
  waitSeconds: number;
  /** What the redrive has counted so far, which the workflow's log tells batch by batch. */
  counts?: Counts;
}

/** A turn with what the redrive has counted before it. */
interface CountingTurn extends Turn {
  counts: Counts;
}

/** What SendMessageBatch takes, and with their redrive, lease and count a fraction of what a transaction does. */
const lettersPerBatch = 10;

/** A batch ends, so that it can be the last one, though few of the letters are meant or most are settled. */
const examinedPerBatch = 500;
const pagesPerBatch = 10;

/**
 * Carries a redrive on by one batch: up to ten letters, oldest first. It goes in steps, each of them one transaction of the
 * letters it changes and the counts that tell of it, which holds for the lease's holder only, and only once. So counts are
 * true whatever dies in between; and letters that a batch left in hand are sent again by the next, as the same messages.
 *
 * @throws InvalidInput, SendingFailed, StepContended; AWS errors as they are. After any of them another batch may go on.
 */
export async function runBatch(batch: Batch, deadline: Deadline): Promise<Outcome> {
  const { redriveId, queue, generation } = batch;
  const { redrive, lease } = await readRedrive(redriveId, queue);
  const isCurrent = lease?.holder === redriveId && lease.generation === generation;
  if (redrive?.status !== 'running' || !isCurrent) return { state: 'superseded', waitSeconds: 0 };
  const turn: CountingTurn = { ...batch, step: redrive.step, counts: countsOf(redrive) };
  const order = readOrder(redrive);
  const pace = new Pace(order, redrive.resumeAt);
  if (redrive.inHand !== undefined) {
    const { counts } = (await handOver(turn, redrive.inHand, pace)) ?? turn;
    return { state: 'more', waitSeconds: pace.waitSeconds(redrive.inHand.length), counts };
  }
  if (redrive.cancelRequest !== undefined) return { state: 'cancelled', waitSeconds: 0, counts: turn.counts };
  const left = order.maxMessages - redrive.redriven - redrive.discarded;
  if (left <= 0) return { state: 'done', waitSeconds: 0, counts: turn.counts };
  const most = Math.min(lettersPerBatch, order.maxPerSecond, left);
  const selected = await select({ ...searchOf(turn, redrive, order, deadline), most });
  const next = await (order.mode === 'discard' ? discard(turn, selected, pace) : redriveTaken(turn, selected, pace));
  if (next && selected.finished) return { state: 'done', waitSeconds: 0, counts: next.counts };
  return { state: 'more', waitSeconds: pace.waitSeconds(selected.taken.length), counts: (next ?? turn).counts };
}

function searchOf({ queue }: Turn, redrive: RedriveRow, order: Order, deadline: Deadline): Omit<Search, 'most'> {
  let pages = 0;
  return {
    order,
    after: redrive.cursor,
    until: Date.parse(redrive.startedAt),
    failedGroups: isFifo(queue) ? (redrive.failedGroups ?? new Set()) : new Set(),
    goesOn: (examined) => examined < examinedPerBatch && (pages += 1) <= pagesPerBatch && !deadline.hasPassed(),
  };
}

/** The functions below give the turn that comes after theirs, or nothing when theirs was not to be had. */
async function redriveTaken(turn: CountingTurn, selected: Selected, pace: Pace): Promise<CountingTurn | undefined> {
  const { redriveId, queue } = turn;
  const inHand = selected.taken.map(({ arrival }) => arrival);
  const marks = inHand.map((arrival) => markRedriving(queue, arrival, redriveId));
  const next = await write(turn, { ...progressOf(selected), inHand }, marks);
  return next && inHand.length > 0 ? handOver(next, inHand, pace) : next;
}

/** Sends the letters in hand and settles them. */
async function handOver(turn: CountingTurn, inHand: readonly string[], pace: Pace): Promise<CountingTurn | undefined> {
  const { redriveId, queue } = turn;
  const letters = await readLetters(queue, inHand);
  await pace.turn();
  const { sent, refused } = await sendAgain(queue, redriveId, letters);
  tell('Redriven', turn, sent);
  const resumeAt = pace.resumeAfter(letters.length);
  const sentArrivals = sent.map(({ arrival }) => arrival);
  const refusals = [...refused].map(([arrival, why]) => markRefused(queue, arrival, why));
  const groups = letters.flatMap(({ arrival, groupId }) => (groupId && refused.has(arrival) ? [groupId] : []));
  const counts = { redriven: sent.length, failed: refused.size };
  const progress = { counts, inHand: [], failedGroups: [...new Set(groups)], resumeAt };
  return write(turn, progress, [...settle(turn, 'redriven', sentArrivals), ...refusals]);
}

async function discard(turn: CountingTurn, selected: Selected, pace: Pace): Promise<CountingTurn | undefined> {
  const arrivals = selected.taken.map(({ arrival }) => arrival);
  await pace.turn();
  const { counts, cursor } = progressOf(selected);
  const resumeAt = pace.resumeAfter(arrivals.length);
  const progress = { counts: { ...counts, discarded: arrivals.length }, cursor, inHand: [], resumeAt };
  const next = await write(turn, progress, settle(turn, 'discarded', arrivals));
  if (next) tell('Discarded', turn, selected.taken);
  return next;
}

function tell(what: string, { redriveId, queue }: Turn, letters: readonly { messageId?: string }[]): void {
  if (letters.length === 0) return;
  const messageIds = letters.flatMap(({ messageId = [] }) => messageId);
  logger.info(what, { redriveId, queue, letters: letters.length, messageIds });
}

async function write(
  turn: CountingTurn,
  progress: Progress,
  changes: readonly Action[],
): Promise<CountingTurn | undefined> {
  if (!(await writeStep(turn, progress, changes))) return undefined;
  const { redriven = 0, discarded = 0, skipped = 0, failed = 0 } = progress.counts;
  count('RedriveOutcomes', redriven, 'redriven');
  count('RedriveOutcomes', discarded, 'discarded');
  count('RedriveOutcomes', skipped, 'skipped');
  count('RedriveOutcomes', failed, 'failed');
  return { ...turn, step: turn.step + 1, counts: sumOf(turn.counts, progress.counts) };
}

function countsOf({ examined, matched, redriven, discarded, skipped, failed }: RedriveRow): Counts {
  return { examined, matched, redriven, discarded, skipped, failed };
}

function sumOf(counts: Counts, more: Partial<Counts>): Counts {
  const sums = Object.entries(counts).map(([name, count]) => [name, count + (more[name as keyof Counts] ?? 0)]);
  return Object.fromEntries(sums) as unknown as Counts;
}

function progressOf({ examined, matched, skipped, behind, cursor }: Selected) {
  return { counts: { examined, matched, skipped, failed: behind }, cursor };
}

function settle({ redriveId, queue }: Turn, status: 'redriven' | 'discarded', arrivals: readonly string[]): Action[] {
  if (arrivals.length === 0) return [];
  const now = Date.now();
  const end = {
    status,
    redriveId,
    settledAt: new Date(now).toISOString(),
    expiresAt: toSeconds(now) + environment.redriveRetentionDays * secondsPerDay,
  };
  return [...arrivals.map((arrival) => markSettled(queue, arrival, end)), countWaiting(queue, -arrivals.length)];
}
