import { ulid } from 'ulid';
import { handler } from '../../../functions/redrive-batch/handler.ts';
import type { Aws } from './aws.ts';
import { lambdaContext } from './events.ts';
import { table } from './tables.ts';

export type Row = Record<string, unknown>;
export type Batch = { redriveId: string; queue: string; generation: number };

/** A message in a call of SendMessageBatch. */
export interface Entry {
  MessageBody: string;
  MessageAttributes?: Record<string, Row>;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}

export const sourceQueues = 'https://sqs.us-east-1.amazonaws.com/000000000000';

/** When redrives are started here; letters come a minute apart before that. */
export const startedAt = Date.parse('2026-03-01T12:00:00.000Z');

export const noCounts = { examined: 0, matched: 0, redriven: 0, discarded: 0, skipped: 0, failed: 0 };

/** What redrive-batch needs to know of its environment. */
export function setRedriveEnvironment(): void {
  Object.assign(process.env, {
    STANDARD_QUEUE_URL: `${sourceQueues}/standard`,
    FIFO_QUEUE_URL: `${sourceQueues}/messages.fifo`,
    DELIVERY_RETRY_QUEUE_URL: `${sourceQueues}/retries`,
    FAN_OUT_QUEUE_URL: `${sourceQueues}/fan-out.fifo`,
    REDRIVE_LEASE_SECONDS: '60',
    REDRIVE_RETENTION_DAYS: '30',
  });
}

let lettersMade = 0;

/** Leaves no letter, redrive or permission; the next letter is the first. */
export async function forgetRedrives(): Promise<void> {
  const emptied = [
    ['DEAD_LETTERS_TABLE', ['queue', 'arrival']],
    ['REDRIVES_TABLE', ['redriveId']],
    ['PERMISSIONS_TABLE', ['userId', 'chatId']],
  ] as const;
  for (const [name, keys] of emptied) {
    const rows = await table(name).all();
    const keyOf = (row: Row): Row => Object.fromEntries(keys.map((key) => [key, row[key]]));
    await Promise.all(rows.map((row) => table(name).delete(keyOf(row))));
  }
  lettersMade = 0;
}

/** Puts letters that wait, each a minute after the one before; a letter's body is its number. @returns their arrivals */
export async function putLetters(queue: string, said: Row[]): Promise<string[]> {
  const rows = said.map((more) => {
    lettersMade += 1;
    const sentAt = startedAt - (1000 - lettersMade) * 60_000;
    return {
      queue,
      arrival: ulid(sentAt),
      body: `letter ${lettersMade}`,
      attributes: { targetChannel: { dataType: 'String', text: 'WebSocket' } },
      sqsMessageId: `sqs-${lettersMade}`,
      sentAt: new Date(sentAt).toISOString(),
      receiveCount: 0,
      reason: 'failed: SomeError',
      stage: 'commit',
      readable: true,
      chatId: 'bob',
      senderId: 'bob',
      messageId: ulid(),
      eventType: 'chat',
      status: 'waiting',
      waitingIn: queue,
      ...(queue === 'fifo' && { groupId: 'group-1', sequenceNumber: String(lettersMade) }),
      ...more,
    };
  });
  await Promise.all(rows.map((row) => table('DEAD_LETTERS_TABLE').put(row)));
  await table('DEAD_LETTERS_TABLE').put({
    queue,
    arrival: '#waiting',
    waiting: ((await waitingIn(queue)) ?? 0) + said.length,
  });
  return rows.map(({ arrival }) => arrival);
}

/** Puts a running redrive that has its queue's lease. */
export async function putRedrive(queue: string, order: Row = {}, generation = 1): Promise<Batch> {
  const redriveId = ulid();
  await table('REDRIVES_TABLE').put({
    ...{ redriveId, kind: 'redrive', queue, mode: 'redrive', filter: '{}', includeRevokedSenders: false },
    ...{ reason: 'fixed', startedBy: 'olga', startedAt: new Date(startedAt).toISOString(), status: 'running' },
    ...noCounts,
    step: 0,
    ...order,
  });
  await putLease(queue, { holder: redriveId, generation, startedBy: 'olga' });
  return { redriveId, queue, generation };
}

export async function putLease(queue: string, lease: Row): Promise<void> {
  await table('REDRIVES_TABLE').put({ redriveId: `lock#${queue}`, until: 0, ...lease });
}

export function leaseOf(queue: string): Promise<Row | undefined> {
  return table('REDRIVES_TABLE').get({ redriveId: `lock#${queue}` });
}

export function redriveRow({ redriveId }: { redriveId: string }): Promise<Row | undefined> {
  return table('REDRIVES_TABLE').get({ redriveId });
}

export async function cancelRedrive({ redriveId }: { redriveId: string }): Promise<void> {
  const cancelRequest = { by: 'olga', reason: 'enough', at: '2026-03-01T12:01:00.000Z' };
  await table('REDRIVES_TABLE').put({ ...(await redriveRow({ redriveId })), redriveId, cancelRequest });
}

/** How many letters of a queue wait, as they are counted. */
export async function waitingIn(queue: string): Promise<number | undefined> {
  const counter = await table('DEAD_LETTERS_TABLE').get({ queue, arrival: '#waiting' });
  return counter?.['waiting'] as number | undefined;
}

/** `BODY STATUS` of a queue's letters, in order. */
export async function statusesOf(queue: string): Promise<string[]> {
  return (await lettersOf(queue)).map((row) => `${String(row['body'])} ${String(row['status'])}`);
}

export async function lettersOf(queue: string): Promise<Row[]> {
  return (await table('DEAD_LETTERS_TABLE').of(queue)).filter(({ arrival }) => arrival !== '#waiting');
}

/** Runs one batch, as a workflow has it run. */
export async function runBatch(batch: object): Promise<Row & { state?: string }> {
  return (await handler({ batch } as Parameters<typeof handler>[0], lambdaContext())) as Row;
}

/** Batch after batch to the end, over batches that fail. */
export async function runToEnd(batch: object): Promise<{ state: string | undefined; batches: number }> {
  for (let batches = 1; ; batches += 1) {
    const { state } = await runBatch(batch).catch((): Row & { state?: string } => ({ state: 'more' }));
    if (state !== 'more') return { state, batches };
    if (batches > 200) throw new Error('The redrive does not come to its end');
  }
}

/** Plans a redrive, unless said otherwise, as GraphQL has it planned. */
export async function plan(order: Row): Promise<Row> {
  return (await handler({ plan: { mode: 'redrive', ...order } }, lambdaContext())) as Row;
}

/** Every message that was handed to SQS, in order. */
export function sentIn(aws: Aws): Entry[] {
  return aws.inputs<{ Entries: Entry[] }>('SendMessageBatch').flatMap(({ Entries }) => Entries);
}

/** The bodies of letters with these numbers. */
export function numbered(...numbers: number[]): string[] {
  return numbers.map((number) => `letter ${number}`);
}
