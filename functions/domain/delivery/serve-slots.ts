import { rowKeysOf } from '../../platform/connections.ts';
import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { count, measure } from '../../platform/metrics.ts';
import type { RowKey } from '../../platform/read-together.ts';
import { tellSender } from '../../platform/trace.ts';
import type { Deadline } from '../deadline.ts';
import type { QueueRecord, SourceQueue } from '../processing/record.ts';
import { returnSoon, secondsUntilRetry, type Returned } from '../processing/return-soon.ts';
import { startOfLatency } from '../tracked-message.ts';
import { fanOut } from './fan-out.ts';
import { readJob, type FanOutJob } from './fan-out-jobs.ts';
import { forget } from './forget.ts';
import { readSubscribersInSlot } from './subscribers.ts';

/** Jobs of one slot, in order, that are done in one go: one read of the slot, and frames that travel together. */
interface Round {
  records: QueueRecord[];
  job: FanOutJob;
}

/**
 * Posts what large chats' slots are owed: slots side by side, the jobs of one in order. A slot that cannot be read comes
 * again by itself, with all that follows in it; the other slots know nothing of it.
 *
 * @returns the ids of the records that the queue must hand out again.
 */
export async function serveSlots(
  queue: SourceQueue,
  records: readonly QueueRecord[],
  deadline: Deadline,
): Promise<string[]> {
  const gone = new Map<string, RowKey[]>();
  const groups = [...Map.groupBy(records, ({ groupId }) => groupId).values()];
  const left = await Promise.all(groups.map((group) => serveSlot(group, gone, deadline)));
  await Promise.all([returnSoon(queue, left.flatMap(together)), forget([...gone.values()].flat(), deadline)]);
  return left.flat().map(({ id }) => id);
}

/** The rest of a group waits as long as the record that stopped it, or it would be received without it. */
function together(records: readonly QueueRecord[]): Returned[] {
  const tries = records[0]?.receiveCount ?? 1;
  return records.map((record) => ({ record, seconds: secondsUntilRetry(environment.processorRetrySeconds, tries) }));
}

async function serveSlot(
  records: readonly QueueRecord[],
  gone: Map<string, RowKey[]>,
  deadline: Deadline,
): Promise<QueueRecord[]> {
  const rounds = roundsOf(records);
  for (const [index, round] of rounds.entries()) {
    if (!deadline.hasPassed() && (await isServed(round, gone, deadline))) continue;
    return rounds.slice(index).flatMap((left) => left.records);
  }
  return [];
}

function roundsOf(records: readonly QueueRecord[]): Round[] {
  const rounds: Round[] = [];
  for (const record of records) {
    const job = readJob(record.body);
    if (job === undefined) {
      logger.error('The fan-out queue held something unreadable; it is dropped', { queueMessageId: record.id });
      continue;
    }
    const messages = job.messages.map((message) => ({
      ...message,
      publishedAt: startOfLatency(message.publishedAt, record.sentAt),
    }));
    const last = rounds.at(-1);
    if (last && joins(job, last.job)) {
      last.records.push(record);
      last.job.frames.push(...job.frames);
      last.job.messages.push(...messages);
    } else {
      rounds.push({ records: [record], job: { ...job, messages } });
    }
  }
  return rounds;
}

/** Frames stay beside their messages: jobs that tell theirs do not go with jobs that do not. */
function joins(job: FanOutJob, last: FanOutJob): boolean {
  return job.ordered === last.ordered && job.messages.length > 0 === last.messages.length > 0;
}

async function isServed({ records, job }: Round, gone: Map<string, RowKey[]>, deadline: Deadline): Promise<boolean> {
  const { chatId, slot } = job;
  const startedAt = Date.now();
  try {
    const subscribers = await readSubscribersInSlot(chatId, slot);
    const present = subscribers.filter(({ connectionId }) => !gone.has(connectionId));
    for (const { connectionId, subscriber } of await fanOut(job, present, deadline)) {
      gone.set(connectionId, rowKeysOf(connectionId, [{ chatId, subscriber }]));
    }
    count('SlotsServed', records.length);
    for (const { sentAt } of records) measure('SlotLatency', Date.now() - sentAt);
    if (present.length > 0) tellSenders(job, startedAt);
    return true;
  } catch (error) {
    const messageIds = job.messages.map(({ messageId }) => messageId);
    logger.warn('A slot could not be read', { messageIds, chatId, slot, cause: errorSummary(error) });
    return false;
  }
}

/** Tells of the slot in the trace of each message that is traced. */
function tellSenders({ messages }: FanOutJob, startedAt: number): void {
  for (const { messageId, traceHeader } of messages) {
    tellSender(traceHeader, { name: 'fan-out', messageId, startedAt, outcome: 'done' });
  }
}
