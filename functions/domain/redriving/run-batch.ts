import {
  type Action,
  countWaiting,
  markRedriving,
  markRefused,
  markSettled,
  readLetters,
} from '../../platform/dead-letters.ts';
import { environment } from '../../platform/environment.ts';
import { readRedrive, type RedriveRow, type Turn, writeStep } from '../../platform/redrives.ts';
import { toSeconds } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import { readOrder, type Order } from './order.ts';
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
  /** How long to wait before the next batch, for the sake of the redrive's rate. */
  pauseMs: number;
}

/** What SendMessageBatch takes, and with their redrive, lease and count a fraction of what a transaction does. */
const lettersPerBatch = 10;

/** A batch ends, so that it can be the last one, though few of the letters are meant or most are settled. */
const examinedPerBatch = 500;
const pagesPerBatch = 10;

const secondsPerDay = 86_400;

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
  if (redrive?.status !== 'running' || !isCurrent) return { state: 'superseded', pauseMs: 0 };
  const turn: Turn = { ...batch, step: redrive.step };
  const order = readOrder(redrive);
  if (redrive.inHand !== undefined) {
    await handOver(turn, redrive.inHand);
    return { state: 'more', pauseMs: pauseAfter(redrive.inHand.length, order) };
  }
  if (redrive.cancelRequest !== undefined) return { state: 'cancelled', pauseMs: 0 };
  return goOn(turn, redrive, order, deadline);
}

async function goOn(turn: Turn, redrive: RedriveRow, order: Order, deadline: Deadline): Promise<Outcome> {
  const left = order.maxMessages - redrive.redriven - redrive.discarded;
  if (left <= 0) return { state: 'done', pauseMs: 0 };
  const most = Math.min(lettersPerBatch, order.maxPerSecond, left);
  const selected = await select({ ...searchOf(turn, redrive, order, deadline), most });
  const written = await (order.mode === 'discard' ? discard(turn, selected) : redriveTaken(turn, selected));
  return {
    state: written && selected.finished ? 'done' : 'more',
    pauseMs: pauseAfter(selected.taken.length, order),
  };
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

/** So long that no second sees more letters than it should, however quick the batches are. */
function pauseAfter(letters: number, { maxPerSecond }: Order): number {
  return Math.ceil((1000 * letters) / maxPerSecond);
}

/** @returns whether it was this turn's to do. */
async function redriveTaken(turn: Turn, selected: Selected): Promise<boolean> {
  const { redriveId, queue } = turn;
  const inHand = selected.taken.map(({ arrival }) => arrival);
  const marks = inHand.map((arrival) => markRedriving(queue, arrival, redriveId));
  if (!(await writeStep(turn, { ...progressOf(selected), inHand }, marks))) return false;
  return inHand.length === 0 || handOver({ ...turn, step: turn.step + 1 }, inHand);
}

/** Sends the letters in hand and settles them. @returns whether it was this turn's to do. */
async function handOver(turn: Turn, inHand: readonly string[]): Promise<boolean> {
  const { redriveId, queue } = turn;
  const letters = await readLetters(queue, inHand);
  const { sent, refused } = await sendAgain(queue, redriveId, letters);
  const changes = [
    ...settle(
      turn,
      'redriven',
      sent.map(({ arrival }) => arrival),
    ),
    ...[...refused].map(([arrival, why]) => markRefused(queue, arrival, why)),
  ];
  const groups = letters.flatMap(({ arrival, groupId }) => (groupId && refused.has(arrival) ? [groupId] : []));
  const counts = { redriven: sent.length, failed: refused.size };
  return writeStep(turn, { counts, inHand: [], failedGroups: [...new Set(groups)] }, changes);
}

async function discard(turn: Turn, selected: Selected): Promise<boolean> {
  const arrivals = selected.taken.map(({ arrival }) => arrival);
  const { counts, cursor } = progressOf(selected);
  const progress = { counts: { ...counts, discarded: arrivals.length }, cursor, inHand: [] };
  return writeStep(turn, progress, settle(turn, 'discarded', arrivals));
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
