import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { fullJitter } from '../../client/backoff.ts';
import { Deliveries, numbersIn, type Verdict } from '../harness/deliveries.ts';
import { type Embedded, startEmbedded } from '../harness/embedded.ts';
import { Listener } from '../harness/listener.ts';
import { quantile } from '../harness/statistics.ts';
import type { Published } from './events.ts';

/** The service takes so many connections of one user. */
const connectionsPerUser = 20;

const chatId = 'everybody';

/** How it went with real sockets, in milliseconds. */
export interface Real extends Verdict {
  sockets: number;
  p50: number;
  last: number;
  connectSeconds: number;
  /** Posts that were made again for one connection alone, since the first did not come back in time. */
  retriedAlone: number;
}

/**
 * Opens sockets to the embedded cloud, has one of their users publish messages, and waits until all have all of them.
 *
 * @param perSecond how many sockets to open a second: the stage takes no more.
 */
export async function runSockets(
  assembly: string,
  count: number,
  messages: readonly Published[],
  perSecond: number,
  patienceMs: number,
): Promise<Real> {
  const sockets = Math.min(count, affordableSockets());
  const deliveries = new Deliveries();
  const waits: number[] = [];
  const published: number[] = [];
  const open: Listener[] = [];
  const embedded = await startEmbedded(assembly);
  try {
    const users = Array.from({ length: Math.ceil(sockets / connectionsPerUser) }, (_, index) => `user-${index}`);
    await permit(embedded, users);
    const tokens = users.map((user) => embedded.tokenOf(user));
    const began = performance.now();
    const opening: Promise<void>[] = [];
    const refusals: unknown[] = [];
    for (let index = 0; index < sockets; index += 1) {
      await sleepUntil(began + (index / perSecond) * 1000);
      const token = tokens[index % tokens.length] ?? '';
      const listening = persistently(() =>
        Listener.open(embedded.outputs.webSocketUrl, token, [chatId], (frame, at) => {
          if ('type' in frame && frame['type'] !== 'batch') return;
          const numbers = numbersIn(JSON.stringify(frame));
          deliveries.record(String(index), numbers);
          for (const number of numbers) waits.push(at - (published[number - 1] ?? NaN));
        }),
      );
      opening.push(
        listening.then(
          (listener) => void open.push(listener),
          (error: unknown) => void refusals.push(error),
        ),
      );
    }
    await Promise.all(opening);
    if (refusals.length > 0) throw new Error(`${refusals.length} sockets did not open`, { cause: refusals[0] });
    const connectSeconds = (performance.now() - began) / 1000;
    await publish(open[0], messages, published);
    const end = performance.now() + patienceMs;
    while (performance.now() < end && !deliveries.verdict(sockets, messages.length).complete) await sleep(250);
    const verdict = deliveries.verdict(sockets, messages.length);
    const retriedAlone = await embedded.edge.count('delivery-retry', 'PostToConnection');
    return { ...verdict, sockets, p50: quantile(waits, 0.5), last: quantile(waits, 1), connectSeconds, retriedAlone };
  } finally {
    for (const listener of open) listener.close();
    await embedded.stop();
  }
}

/** Tries again as clients do: a machine that is late opens many sockets at once, more than the stage takes. */
async function persistently<T>(open: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      if (attempt === 10) throw error;
      await sleep(fullJitter(attempt, { random: Math.random, backoff: { baseMs: 1_000, capMs: 10_000 } }));
    }
  }
}

/** Two ends of each socket are open files, in two processes, and some are needed for other things. */
function affordableSockets(): number {
  const report = process.report.getReport() as unknown as { userLimits: { open_files: { soft: string | number } } };
  const { soft } = report.userLimits.open_files;
  return soft === 'unlimited' ? Infinity : Number(soft) - 1_000;
}

async function permit({ tables }: Embedded, users: readonly string[]): Promise<void> {
  const granted = { role: 'member', grantedBy: 'bench', grantedAt: new Date().toISOString() };
  await tables.fill(
    'TablesPermissions',
    users.map((userId) => ({ userId, chatId, ...granted })),
  );
}

/** Publishes at the times the messages name, and writes down when it did. */
async function publish(
  sender: Listener | undefined,
  messages: readonly Published[],
  published: number[],
): Promise<void> {
  const began = performance.now();
  for (const { number, atMs } of messages) {
    await sleepUntil(began + atMs);
    published[number - 1] = performance.now();
    sender?.send({
      ...{
        action: 'sendMessage',
        targetChannel: 'WebSocket',
        messageType: 'fifo',
        generateSequence: true,
        messageId: ulid(),
      },
      payload: { chatId, eventType: 'chat', content: number },
    });
  }
}

async function sleepUntil(time: number): Promise<void> {
  await sleep(Math.max(0, time - performance.now()));
}
