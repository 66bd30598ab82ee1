import { setTimeout as delay } from 'node:timers/promises';
import { ulid } from 'ulid';
import { demoChat } from '../../local/people.ts';
import { type Embedded, startEmbedded, userIdOf } from '../harness/embedded.ts';
import { Listener } from '../harness/listener.ts';
import type { Bench, Result } from '../harness/result.ts';
import { quantile, round } from '../harness/statistics.ts';
import { latencies } from '../stand/latencies.ts';

/** The kinds of messages, and the goal for the time from publish to receipt, in milliseconds: the range that a warm service should be in. */
const kinds = [
  { name: 'standard', fields: { messageType: 'standard' }, range: [50, 100] },
  { name: 'FIFO', fields: { messageType: 'fifo' }, range: [80, 150] },
  { name: 'FIFO + sequence', fields: { messageType: 'fifo', generateSequence: true }, range: [100, 170] },
] as const;
type Kind = (typeof kinds)[number];

/** The calls that a message waits for on its way, one after another; the two rate counters are written side by side. */
const onTheWay = [
  { call: 'BatchGetItem', ms: latencies.dynamodb },
  { call: 'UpdateItem', ms: latencies.dynamodb },
  { call: 'Publish', ms: latencies.sns },
  { call: 'TransactWriteItems', ms: latencies.dynamodb },
  { call: 'Query', ms: latencies.dynamodb },
  { call: 'PostToConnection', ms: latencies['execute-api'] },
];
const injectedMs = onTheWay.reduce((sum, { ms }) => sum + ms, 0);

const listeners = ['bob', 'carol', 'vera'];

const plans = {
  full: { rounds: 10, messages: 20, warmUp: 40 },
  tiny: { rounds: 1, messages: 2, warmUp: 1 },
};

/** Milliseconds from publish to the last receipt, by kind and by whether calls took what they take on AWS. */
type Samples = Map<string, number[]>;

export const endToEnd: Bench = {
  name: 'end-to-end',
  title: 'From publish to receipt',

  async run({ size, assembly, progress }) {
    const plan = plans[size];
    const embedded = await startEmbedded(assembly);
    const chat = new Chat();
    try {
      await chat.open(embedded);
      for (let sent = 0; sent < plan.warmUp; sent += 1) for (const kind of kinds) await chat.publish(kind);
      const samples: Samples = new Map();
      for (let done = 0; done < plan.rounds; done += 1) {
        for (const injected of [false, true]) {
          await embedded.edge.mend();
          if (injected) await inject(embedded);
          for (const kind of kinds) {
            for (let sent = 0; sent < plan.messages; sent += 1) add(samples, kind, injected, await chat.publish(kind));
          }
        }
        progress(`round ${done + 1} of ${plan.rounds}`);
      }
      return resultOf(samples, chat.missed);
    } finally {
      chat.close();
      await embedded.stop();
    }
  },
};

async function inject({ edge }: Embedded): Promise<void> {
  for (const [service, delayMs] of Object.entries(latencies)) await edge.break({ service, fault: { delayMs } });
}

function key(kind: Kind, injected: boolean): string {
  return `${kind.name} ${injected}`;
}

function add(samples: Samples, kind: Kind, injected: boolean, ms: number): void {
  const list = samples.get(key(kind, injected)) ?? [];
  samples.set(key(kind, injected), list);
  list.push(ms);
}

/** A chat of three, of whom one sends. */
class Chat {
  /** Messages that somebody did not get in time. */
  missed = 0;
  readonly #open: Listener[] = [];
  readonly #arrivals = new Map<string, number[]>();
  #onArrival = (): void => undefined;

  async open(embedded: Embedded): Promise<void> {
    const { outputs } = embedded;
    for (const name of listeners) {
      const token = embedded.tokenOf(userIdOf(embedded, name));
      this.#open.push(
        await Listener.open(outputs.webSocketUrl, token, [demoChat], (frame, at) => {
          if ('type' in frame) return;
          this.#arrivals.get(String(frame['messageId']))?.push(at);
          this.#onArrival();
        }),
      );
    }
  }

  /** Publishes a message, and tells how many milliseconds later the last listener had it. */
  async publish({ fields }: Kind): Promise<number> {
    const messageId = ulid();
    const arrivals: number[] = [];
    this.#arrivals.set(messageId, arrivals);
    const published = performance.now();
    this.#open[0]?.send({
      ...{ action: 'sendMessage', targetChannel: 'WebSocket', messageId, ...fields },
      payload: { chatId: demoChat, eventType: 'chat', content: 'x'.repeat(300) },
    });
    const everybody = new Promise<void>((resolve) => {
      this.#onArrival = () => arrivals.length === listeners.length && resolve();
    });
    const inTime = new AbortController();
    await Promise.race([everybody, delay(15_000, undefined, { signal: inTime.signal }).catch(() => undefined)]);
    inTime.abort();
    if (arrivals.length < listeners.length) this.missed += 1;
    // Not in step with anything that polls.
    await delay(Math.random() * 40);
    return Math.max(...arrivals) - published;
  }

  close(): void {
    for (const listener of this.#open) listener.close();
  }
}

function resultOf(samples: Samples, missed: number): Result {
  const at = (kind: Kind, injected: boolean, share: number): number =>
    round(quantile(samples.get(key(kind, injected)) ?? [], share));
  return {
    tables: [
      {
        title: `Milliseconds from publish on a socket to receipt by the last of ${listeners.length} sockets, functions warm, one message at a time`,
        columns: ['message', 'p50', 'p95', 'p99', 'of which injected', 'p50 without', 'p95 without', 'goal'],
        rows: kinds.map((kind) => [
          kind.name,
          ...[0.5, 0.95, 0.99].map((share) => at(kind, true, share)),
          injectedMs,
          ...[0.5, 0.95].map((share) => at(kind, false, share)),
          kind.range.join('-'),
        ]),
      },
    ],
    note:
      'The whole stack runs on this machine, from the template, and the edge makes each call as slow as it is assumed to be on AWS: on its way a ' +
      `message waits for ${onTheWay.map(({ call, ms }) => `${call} (${ms} ms)`).join(', ')}. The rest is this machine: gateway, functions, tables and ` +
      'queues in a few processes on two cores. What AWS needs between topic, queue and function, and what lies between a client and its region, is in ' +
      'neither.',
    figures: Object.fromEntries(
      kinds.flatMap((kind) =>
        ([50, 95, 99] as const).map((percentile) => [
          `${kind.name.replace(' + ', 'And')}P${percentile}`,
          at(kind, true, percentile / 100),
        ]),
      ),
    ),
    goals: kinds.map((kind) => ({
      what: `p95 of ${kind.name}, ms`,
      measured: at(kind, true, 0.95),
      atMost: kind.range[1],
    })),
    checks: [{ what: 'everybody received every message', holds: missed === 0 }],
  };
}
