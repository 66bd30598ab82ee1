import type { ListeningRow } from '../../functions/platform/connections.ts';
import type { OutgoingBody } from '../../functions/platform/queues.ts';
import type { QueueRecord } from '../../functions/domain/processing/record.ts';
import { Deliveries, numbersIn, type Verdict } from '../harness/deliveries.ts';
import { quantile } from '../harness/statistics.ts';
import type { readStack } from '../stand/assembly.ts';
import { FifoQueue, type Reader } from '../stand/fifo-queue.ts';
import { latencies } from '../stand/latencies.ts';
import { TokenBucket } from './account.ts';
import type { Functions } from './bundle.ts';
import { type Published, seededRandom } from './events.ts';
import type { Aws, World } from './simulated/world.ts';
import { VirtualClock } from './virtual-clock.ts';

/**
 * What API Gateway takes of one account and region, all its APIs together.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 */
export const accountRate = { perSecond: 10_000, burst: 5_000 };

/** The rest is for what comes in. */
export const shareForPosts = 0.7;

/** About a megabyte of subscriptions, which is what DynamoDB gives at once. */
const rowsPerPage = 5_000;

const chatId = 'chat';

/** How long it took to reach so many subscribers, and what that took. */
export interface Simulated extends Verdict {
  /** From publish to receipt, in milliseconds, over all messages and subscribers. */
  p50: number;
  p99: number;
  last: number;
  postsInASecond: number;
  throttled: number;
  retriedAlone: number;
  /** Messages that were taken from the queue together, on average. */
  meanRun: number;
  /** From the first publish to the last receipt. */
  seconds: number;
}

/** A function of the template, and how it reads its queue. */
interface Setup {
  variables: Record<string, string>;
  timeoutMs: number;
  batchSize: number;
  concurrency: number;
}

/** Reads from the template how a function is set up to read a queue. */
function setupOf({ stack, functions }: ReturnType<typeof readStack>, name: string): Setup {
  const definition = functions.get(name);
  const mappings = stack
    .ofType('AWS::Lambda::EventSourceMapping')
    .map(
      ({ properties }) =>
        properties as { FunctionName: string; BatchSize?: number; ScalingConfig?: { MaximumConcurrency?: number } },
    );
  const mapping = mappings.find(({ FunctionName }) => FunctionName === definition?.functionName);
  if (!definition || !mapping) throw new Error(`The template has no ${name} that reads a queue.`);
  return {
    variables: definition.environment,
    timeoutMs: definition.timeoutSeconds * 1000,
    batchSize: mapping.BatchSize ?? 10,
    concurrency: mapping.ScalingConfig?.MaximumConcurrency ?? 1_000,
  };
}

/**
 * Lets the deployed delivery code bring messages to so many subscribers, on a clock that jumps, under the limits of API
 * Gateway, with the queues, concurrency and variables of the template.
 */
export async function simulateFanOut(
  template: ReturnType<typeof readStack>,
  makeFunctions: (world: World) => Functions,
  subscribers: number,
  messages: readonly Published[],
  frames: 'single' | 'batch' = 'single',
): Promise<Simulated> {
  const clock = new VirtualClock();
  const random = seededRandom(subscribers);
  const posts = new TokenBucket({ ...accountRate, perSecond: accountRate.perSecond * shareForPosts }, clock.now);
  const deliveries = new Deliveries();
  const waits: number[] = [];
  let retriedAlone = 0;
  let lastAt = 0;
  let jobs = 0;
  const queues = {
    processor: setupOf(template, 'message-processor'),
    fanOut: setupOf(template, 'fan-out'),
    retry: setupOf(template, 'delivery-retry'),
  };
  const reading = { groupOf: ({ groupId = '' }: QueueRecord) => groupId, callMs: latencies.sqs, sleep: clock.sleep };
  const incoming = new FifoQueue<QueueRecord>({ ...reading, batchSize: queues.processor.batchSize });
  const slotJobs = new FifoQueue<QueueRecord>({ ...reading, batchSize: queues.fanOut.batchSize });
  const retries = new FifoQueue<QueueRecord>({ ...reading, batchSize: queues.retry.batchSize });

  const aws: Aws = {
    async post(connectionId, frame) {
      await clock.sleep(latencies['execute-api'] * (0.5 + random()));
      if (!posts.take()) return 'throttled';
      const numbers = numbersIn(frame);
      deliveries.record(connectionId, numbers);
      lastAt = clock.now();
      for (const number of numbers) waits.push(clock.now() - (messages[number - 1]?.atMs ?? NaN));
      return 'delivered';
    },
    async subscribers(from, to, most) {
      const rows = rowsBetween(subscribers, from, to, most, frames);
      await clock.sleep(latencies.dynamodb * Math.max(1, Math.ceil(rows.length / rowsPerPage)));
      return rows;
    },
    async sendMessages(queueUrl, bodies) {
      await clock.sleep(latencies.sqs);
      const retrying = queueUrl === queues.processor.variables['DELIVERY_RETRY_QUEUE_URL'];
      if (retrying) retriedAlone += bodies.length;
      (retrying ? retries : slotJobs).put(...bodies.map((body) => recordOf(body, (jobs += 1))));
    },
  };

  /** The environments of a function, each with a state of its own. */
  const crew = (
    { variables, timeoutMs, concurrency }: Setup,
    work: (
      functions: Functions,
      batch: QueueRecord[],
      remainingMs: () => number,
    ) => Promise<Awaited<ReturnType<Reader<QueueRecord>>>>,
  ): Reader<QueueRecord>[] =>
    Array.from({ length: concurrency }, () => {
      const functions = makeFunctions({ clock, env: variables, aws });
      return (batch) => {
        const end = clock.now() + timeoutMs;
        for (const record of batch) record.receiveCount += 1;
        return work(functions, batch, () => end - clock.now());
      };
    });

  const processors = crew(queues.processor, async ({ deliver, deadlineBefore }, batch, remainingMs) => {
    await clock.sleep(latencies.dynamodb);
    const ids = batch.map(({ id }) => id);
    await deliver(
      chatId,
      batch.map(({ body }) => body),
      ids,
      deadlineBefore(remainingMs),
    );
    return { again: [], afterMs: 0 };
  });
  const workers = crew(queues.fanOut, async ({ serveSlots, deadlineBefore }, batch, remainingMs) => {
    const left = new Set(await serveSlots({ url: '', fifo: true }, batch, deadlineBefore(remainingMs)));
    return { again: batch.filter(({ id }) => left.has(id)), afterMs: 5_000 };
  });
  const retriers = crew(
    queues.retry,
    async ({ retryDelivery, secondsUntilNextTry, deadlineBefore }, batch, remainingMs) => {
      const deadline = deadlineBefore(remainingMs);
      const settled = await Promise.all(
        batch.map(({ body, receiveCount }) => retryDelivery(body, receiveCount, deadline)),
      );
      const again = batch.filter((_record, index) => !settled[index]);
      return { again, afterMs: secondsUntilNextTry(batch[0]?.receiveCount ?? 1) * 1000 };
    },
  );

  const publishing = async (): Promise<void> => {
    for (const { number, atMs } of messages) {
      await clock.sleep(atMs - clock.now());
      // The publisher's read, its counters and its call of the topic.
      void clock
        .sleep(2 * latencies.dynamodb + latencies.sns)
        .then(() =>
          incoming.put(
            recordOf(
              { body: JSON.stringify({ chatId, sequence: number }), fifo: { groupId: chatId, deduplicationId: '' } },
              number,
            ),
          ),
        );
    }
    await clock.sleep(1_000);
    incoming.close();
  };
  const all = async (): Promise<void> => {
    const served = slotJobs.drain(workers);
    const retried = retries.drain(retriers);
    await Promise.all([publishing(), incoming.drain(processors)]);
    slotJobs.close();
    await served;
    retries.close();
    await retried;
  };
  await clock.pass(all());
  return {
    ...deliveries.verdict(subscribers, messages.length),
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    last: waits.reduce((most, wait) => Math.max(most, wait), 0),
    postsInASecond: posts.mostInASecond,
    throttled: posts.refused,
    retriedAlone,
    meanRun: messages.length / incoming.batches.length,
    seconds: (lastAt - (messages[0]?.atMs ?? 0)) / 1000,
  };
}

/** A message of a queue without groups is a group of its own. */
function recordOf({ body, fifo }: OutgoingBody, serial: number): QueueRecord {
  const id = String(serial);
  return { id, receiptHandle: id, body, sentAt: 0, receiveCount: 0, attributes: {}, groupId: fifo?.groupId ?? id };
}

/** The subscriptions of the chat in a range of keys. Their hashes are spread evenly: of the nth it is n modulo 256. */
function rowsBetween(
  subscribers: number,
  from: string,
  to: string,
  most: number,
  frames: 'single' | 'batch',
): ListeningRow[] {
  if (from === to) return [rowOf(Number(from.split('-')[1]), frames)];
  const firstByte = from === '' ? 0 : parseInt(from.slice(0, 2), 16);
  const lastByte = from === '' ? 255 : parseInt(to.slice(0, 2), 16);
  const rows: ListeningRow[] = [];
  for (let byte = firstByte; byte <= lastByte; byte += 1) {
    for (let index = byte; index < subscribers && rows.length < most; index += 256) rows.push(rowOf(index, frames));
  }
  return rows;
}

function rowOf(index: number, frames: 'single' | 'batch'): ListeningRow {
  const byte = (index % 256).toString(16).padStart(2, '0');
  return {
    subscriber: `${byte}#user#connection-${index}`,
    connectionId: `connection-${index}`,
    frames,
    connectedAt: '2026-01-01T00:00:00.000Z',
    accessExpiresAt: Number.MAX_SAFE_INTEGER,
  };
}
