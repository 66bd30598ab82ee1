import { rowKeysOf } from '../../platform/connections.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import type { RowKey } from '../../platform/read-together.ts';
import { isTraced } from '../../platform/trace.ts';
import type { Deadline } from '../deadline.ts';
import { handToSlots } from '../delivery/fan-out-jobs.ts';
import { fanOut } from '../delivery/fan-out.ts';
import { readSubscribers, type Subscriber } from '../delivery/subscribers.ts';
import { startCompletions } from '../multipart/start-completion.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { messageFrame } from '../protocol/frames.ts';
import { kindOf, startOfLatency, type TrackedMessage } from '../tracked-message.ts';
import { commit, type Committed } from './commit.ts';
import { idIsUsed, partIsRefused } from './contradictions.ts';
import { deadLetter, type Given, type Stage } from './dead-letter.ts';
import type { QueueRecord, SourceQueue } from './record.ts';
import { noticeRuns, refusedPartsOf, type RefusedPart } from './refused-parts.ts';
import { recordsOf, type Parcel, type Run } from './runs.ts';
import { tellCommitted } from './tell-committed.ts';

/** A record that fails this often becomes a dead letter. */
const maxReceives = 3;

type Messages = Extract<Run, { kind: 'messages' }>;

/** A run of which nothing was delivered, and where it failed. */
interface Failed {
  stage: Stage;
  error: unknown;
}

/** A run that was committed and handed out. */
interface Done {
  committed: Committed[];
  /** Why groups of parts could not be looked at, by message. */
  unstarted: ReadonlyMap<Envelope, unknown>;
}

/** Processes the runs of one invocation, and remembers which connections turned out to be gone. */
export class ProcessRun {
  readonly #gone = new Map<string, RowKey[]>();
  readonly #queue: SourceQueue;
  readonly #deadline: Deadline;

  constructor(queue: SourceQueue, deadline: Deadline) {
    this.#queue = queue;
    this.#deadline = deadline;
  }

  /**
   * Commits a run to history, and only then asks who should get it, and posts it.
   *
   * @returns the records that failed, in order; on FIFO, the first of them and all that follow it in the run.
   */
  async run(run: Run): Promise<QueueRecord[]> {
    if (run.kind === 'unreadable') return this.#giveUp([run], 'parse', `unreadable: ${run.why}`);
    const done = await this.#commitAndDeliver(run);
    if ('stage' in done) return this.#failWhole(run, done);
    const { committed, unstarted } = done;
    const conflicting = run.parcels.filter((_parcel, index) => committed[index]?.state === 'conflicting');
    return [
      ...(await this.#failUnstarted(run, unstarted)),
      ...(await this.#refuse(refusedPartsOf(run.parcels, committed))),
      ...(await this.#giveUp(conflicting, 'commit', idIsUsed)),
    ];
  }

  async #commitAndDeliver(run: Messages): Promise<Done | Failed> {
    let committed: Committed[];
    try {
      committed = await commit(
        run.chatId,
        run.parcels.map(({ envelope }) => envelope),
        this.#deadline,
      );
    } catch (error) {
      return { stage: 'commit', error };
    }
    tellCommitted(run.parcels, committed);
    // Side by side: whoever listens does not wait for the groups to be looked at.
    const starting = startCompletions(storedOf(run, committed));
    try {
      const subscribers = await readSubscribers(run.chatId);
      if (subscribers === 'large') await this.#handToSlots(run, committed);
      else await this.#deliver(run, committed, subscribers);
    } catch (error) {
      await starting;
      return { stage: 'subscribers', error };
    }
    return { committed, unstarted: await starting };
  }

  /**
   * The rows of connections that turned out to be gone: of each its own, and the subscription that found out. Its other
   * subscriptions go the same way when their chats next say something.
   */
  rowsToForget(): RowKey[] {
    return [...this.#gone.values()].flat();
  }

  async #failWhole(run: Messages, { stage, error }: Failed): Promise<QueueRecord[]> {
    const inVain = stage === 'commit' && isRefused(error);
    return inVain || isLastTry(run) ? this.#alone(run, stage, error) : this.#fail(run, stage, error);
  }

  /**
   * A run that is about to be given up is tried message by message: one that cannot succeed must not take the others of
   * its transaction with it.
   */
  async #alone(run: Messages, stage: Stage, error: unknown): Promise<QueueRecord[]> {
    if (run.parcels.length === 1) return this.#fail(run, stage, error);
    const failed: QueueRecord[] = [];
    for (const [index, parcel] of run.parcels.entries()) {
      const stopped = this.#deadline.hasPassed() || (this.#queue.fifo && failed.length > 0);
      if (stopped) return [...failed, ...run.parcels.slice(index).map(({ record }) => record)];
      failed.push(...(await this.run({ ...run, parcels: [parcel] })));
    }
    return failed;
  }

  async #deliver(run: Messages, committed: Committed[], subscribers: Subscriber[]): Promise<void> {
    const delivery = this.#deliveryOf(run, committed);
    if (delivery.frames.length === 0) return;
    const present = subscribers.filter(({ connectionId }) => !this.#gone.has(connectionId));
    for (const { connectionId, subscriber } of await fanOut(delivery, present, this.#deadline)) {
      this.#gone.set(connectionId, rowKeysOf(connectionId, [{ chatId: run.chatId, subscriber }]));
    }
  }

  async #handToSlots(run: Messages, committed: Committed[]): Promise<void> {
    const delivery = this.#deliveryOf(run, committed);
    if (delivery.frames.length > 0) await handToSlots(delivery);
  }

  #deliveryOf({ chatId, parcels }: Messages, committed: readonly Committed[]) {
    const frames: string[] = [];
    const messages: TrackedMessage[] = [];
    for (const [index, parcel] of parcels.entries()) {
      const result = committed[index];
      if (result?.state !== 'stored') continue;
      frames.push(frameOf(parcel, result));
      messages.push(trackedMessageOf(parcel, result));
    }
    return { chatId, frames, messages, ordered: this.#queue.fifo };
  }

  /** Parts whose groups could not be looked at come again, though they are delivered: nothing else might ask for it soon. */
  async #failUnstarted(run: Messages, unstarted: ReadonlyMap<Envelope, unknown>): Promise<QueueRecord[]> {
    const parcels = run.parcels.filter(({ envelope }) => unstarted.has(envelope));
    const [error] = unstarted.values();
    return parcels.length === 0 ? [] : this.#fail({ ...run, parcels }, 'multi-part', error);
  }

  /** Tells the senders of parts that can never join their groups, and gives the parts up. */
  async #refuse(refused: readonly RefusedPart[]): Promise<QueueRecord[]> {
    const untold = new Set<string>();
    for (const notices of noticeRuns(refused)) {
      const told = await this.#commitAndDeliver(notices);
      if ('stage' in told) for (const { id } of recordsOf(notices)) untold.add(id);
    }
    const failed: QueueRecord[] = [];
    for (const part of refused) {
      const { record, why } = part;
      if (untold.has(record.id) && !isSpent(record)) {
        failed.push(record);
        continue;
      }
      const unsent = await this.#giveUp([part], 'commit', partIsRefused(why));
      if (unsent.length === 0) count('PartsRefused', 1, why);
      failed.push(...unsent);
    }
    return failed;
  }

  /** Records that have failed often enough become dead letters; on FIFO only those that nothing waits before. */
  async #fail(run: Messages, stage: Stage, error: unknown): Promise<QueueRecord[]> {
    const cause = errorSummary(error);
    const messageIds = run.parcels.map(({ envelope }) => envelope.messageId);
    logger.warn('A run failed', { messageIds, stage, cause });
    const { parcels } = run;
    const records = recordsOf(run);
    if (!this.#queue.fifo) {
      const spent = parcels.filter(({ record }) => isSpent(record));
      const unsent = await this.#giveUp(spent, stage, `failed: ${cause.name}`);
      return [...unsent, ...records.filter((record) => !isSpent(record))];
    }
    const firstToRetry = records.findIndex((record) => !isSpent(record));
    const spent = firstToRetry === -1 ? parcels : parcels.slice(0, firstToRetry);
    const unsent = await this.#giveUp(spent, stage, `failed: ${cause.name}`);
    return [...unsent, ...records.slice(spent.length)];
  }

  /** @returns the records that could not even be given up: from the first of them on, in order, on FIFO. */
  async #giveUp(given: readonly Given[], stage: Stage, reason: string): Promise<QueueRecord[]> {
    const unsent: QueueRecord[] = [];
    for (const [index, each] of given.entries()) {
      try {
        await deadLetter(this.#queue, each, stage, reason);
      } catch (error) {
        const [messageId, queueMessageId] = [each.envelope?.messageId, each.record.id];
        logger.error('A dead letter could not be sent', { messageId, queueMessageId, cause: errorSummary(error) });
        if (this.#queue.fifo) return given.slice(index).map(({ record }) => record);
        unsent.push(each.record);
      }
    }
    return unsent;
  }
}

/** Whether this was a record's last try. */
function isSpent({ receiveCount }: QueueRecord): boolean {
  return receiveCount >= maxReceives;
}

function isLastTry({ parcels }: Messages): boolean {
  return parcels.some(({ record }) => isSpent(record));
}

/** What DynamoDB calls a request that it refuses for what it says. The second it could not even read. */
const refusals: readonly string[] = ['ValidationException', 'SerializationException', 'TransactionCanceledException'];

/** Whether DynamoDB refused what we asked for, so that asking again in the same way is useless. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && refusals.includes(error.name);
}

function storedOf({ parcels }: Messages, committed: readonly Committed[]): Envelope[] {
  return parcels.filter((_parcel, index) => committed[index]?.state === 'stored').map(({ envelope }) => envelope);
}

type Stored = Extract<Committed, { state: 'stored' }>;

function frameOf({ record, envelope }: Parcel, { sequence, publishTimestamp }: Stored): string {
  const { id: messageId, sequenceNumber, receiveCount } = record;
  return messageFrame(
    { ...envelope, publishTimestamp },
    { messageId, sequenceNumber, retryCount: receiveCount - 1 },
    sequence,
  );
}

/**
 * A message is timed on the way to its first delivery. One that history had is on it only when its record comes again,
 * since what it came for the last time failed; else it is a repeat, and its time would tell when it was repeated.
 */
function trackedMessageOf({ record, envelope }: Parcel, { isNew, publishTimestamp }: Stored): TrackedMessage {
  const start = startOfLatency(Date.parse(publishTimestamp), record.sentAt);
  return {
    messageId: envelope.messageId,
    kind: kindOf(envelope),
    ...((isNew || record.receiveCount > 1) && { publishedAt: start }),
    ...(isTraced(record.traceHeader) && { traceHeader: record.traceHeader }),
  };
}
