import { join } from 'node:path';
import type { SQSRecord } from 'aws-lambda';
import { envelope, socketMessage, sqsRecord } from '../../test/unit/support/events.ts';
import { bundleAsShipped } from '../harness/bundle.ts';
import { Child } from '../harness/child.ts';
import type { Bench, BenchContext, Result } from '../harness/result.ts';
import { median, round } from '../harness/statistics.ts';
import { readStack } from '../stand/assembly.ts';
import type { StandApi } from '../stand/cloud.ts';
import { bundleSilently } from './bundle.ts';
import type { WorkerApi } from './worker.ts';

const variants = ['shipped', 'silent'] as const;
type Variant = (typeof variants)[number];

/** What a function is asked to do again and again: messages an invocation, each to so many connections. */
interface Path {
  title: string;
  name: 'p2p-websocket-publisher' | 'message-processor';
  messages: number;
  recipients: number;
}

const publisher = 'p2p-websocket-publisher';
const processor = 'message-processor';

const paths: Path[] = [
  { title: 'publish', name: publisher, messages: 1, recipients: 0 },
  { title: 'process a message for 1 connection', name: processor, messages: 1, recipients: 1 },
  { title: 'process a message for 10 connections', name: processor, messages: 1, recipients: 10 },
  { title: 'process 10 messages for 10 connections', name: processor, messages: 10, recipients: 10 },
];

// Warm: what is compiled while a function is young is more with more code, and soon over.
const plans = {
  full: { rounds: 40, invocations: 30, warmUp: 400 },
  tiny: { rounds: 1, invocations: 3, warmUp: 1 },
};

/** What an invocation took, round by round, and what it wrote. */
interface Measured {
  cpuMs: number[];
  bytes: number;
}

export const overhead: Bench = {
  name: 'overhead',
  title: 'What logs and metrics cost the functions',

  async run(context) {
    const plan = plans[context.size];
    const cloud = new Child<StandApi>(join(import.meta.dirname, '../stand/cloud.ts'), {
      env: { ASSEMBLY: context.assembly, DATA: join(context.scratch, 'tables') },
    });
    const workers: Child<WorkerApi>[] = [];
    try {
      const start = await starter(context, await cloud.ask('port'), workers);
      const costs = new Map<string, Measured>();
      let complete = true;
      for (const path of paths) {
        const both = { shipped: await start(path.name, 'shipped'), silent: await start(path.name, 'silent') };
        for (const variant of variants) await runOnce(cloud, both[variant], path, plan.warmUp);
        for (let done = 0; done < plan.rounds; done += 1) {
          // Whoever comes first finds another machine than whoever comes second.
          for (const variant of done % 2 === 0 ? variants : variants.toReversed()) {
            const ran = await runOnce(cloud, both[variant], path, plan.invocations);
            const cost = costs.get(key(path, variant)) ?? { cpuMs: [], bytes: 0 };
            costs.set(key(path, variant), cost);
            cost.cpuMs.push(ran.cpuMs / plan.invocations);
            cost.bytes = ran.bytes / plan.invocations;
            complete &&= ran.complete;
          }
        }
        context.progress(path.title);
      }
      return resultOf(costs, complete);
    } finally {
      await Promise.all([cloud, ...workers].map((child) => child.stop()));
    }
  },
};

function key({ title }: Path, variant: Variant): string {
  return `${title}, ${variant}`;
}

/** Makes processes that run a function in one of the two ways each. */
async function starter({ root, scratch, assembly }: BenchContext, port: number, started: Child<WorkerApi>[]) {
  const { functions } = readStack(assembly);
  const bundleOf = (name: string, variant: Variant): string => join(scratch, `${name}-${variant}.mjs`);
  for (const name of [publisher, processor]) {
    await bundleAsShipped(root, `functions/${name}/handler.ts`, bundleOf(name, 'shipped'));
    await bundleSilently(root, name, bundleOf(name, 'silent'));
  }
  return async (name: string, variant: Variant): Promise<Child<WorkerApi>> => {
    const definition = functions.get(name);
    if (!definition) throw new Error(`The template has no ${name}.`);
    const worker = new Child<WorkerApi>(join(import.meta.dirname, 'worker.ts'), {
      output: 'counted',
      env: {
        ...definition.environment,
        // As much as production logs.
        LOG_LEVEL: 'INFO',
        BUNDLE: bundleOf(name, variant),
        EDGE_PORT: String(port),
        FUNCTION_NAME: definition.functionName,
      },
    });
    started.push(worker);
    return worker;
  };
}

let chats = 0;

async function runOnce(cloud: Child<StandApi>, worker: Child<WorkerApi>, path: Path, invocations: number) {
  const chatId = `chat-${(chats += 1)}`;
  // A user and a chat may send so many messages in ten seconds.
  const userId = `sender-${chats}`;
  const { messages, recipients } = path;
  if (path.name === publisher) await cloud.ask('permit', { chatId, userId });
  else await cloud.ask('subscribe', { chatId, connections: recipients, frames: 'single' });
  await cloud.ask('deliveries', { connections: 0, messages: 0 });
  await cloud.ask('published');
  const events = Array.from({ length: invocations }, () =>
    path.name === publisher ? messageOf(userId, chatId) : { Records: recordsOf(chatId, messages) },
  );
  const before = worker.writtenBytes;
  const cpuMs = await worker.ask('run', { events });
  const posts = { connections: recipients, messages: messages * invocations };
  const complete =
    path.name === publisher
      ? (await cloud.ask('published')).length === invocations
      : (await cloud.ask('numbers', { chatId })).length === posts.messages &&
        (await cloud.ask('deliveries', posts)).complete;
  return { cpuMs, complete, bytes: worker.writtenBytes - before };
}

function messageOf(userId: string, chatId: string): object {
  const payload = { chatId, eventType: 'chat', content: 'x'.repeat(300) };
  return socketMessage(
    { userId },
    { targetChannel: 'WebSocket', messageType: 'fifo', generateSequence: true, payload },
  );
}

function recordsOf(chatId: string, messages: number): SQSRecord[] {
  return Array.from({ length: messages }, () => {
    const publishTimestamp = new Date().toISOString();
    const payload = { chatId, content: 'x'.repeat(300) };
    const record = sqsRecord({
      body: envelope({ generateSequence: true, publishTimestamp, payload }),
      groupId: chatId,
    });
    return { ...record, attributes: { ...record.attributes, SentTimestamp: String(Date.now()) } };
  });
}

function resultOf(costs: Map<string, Measured>, complete: boolean): Result {
  const of = (path: Path, variant: Variant): Measured => costs.get(key(path, variant)) ?? { cpuMs: [], bytes: NaN };
  const micros = (path: Path, variant: Variant): number => round(median(of(path, variant).cpuMs) * 1000);
  /** Of rounds that were measured one right after the other. */
  const ratio = (path: Path): number => {
    const silent = of(path, 'silent').cpuMs;
    return median(of(path, 'shipped').cpuMs.map((ms, index) => ms / (silent[index] ?? NaN)));
  };
  const worst = Math.max(...paths.map(ratio));
  return {
    tables: [
      {
        title: 'CPU of one invocation, with logs and metrics and without (median of the rounds)',
        columns: ['path', 'shipped, µs', 'silent, µs', 'ratio', 'bytes written'],
        rows: paths.map((path) => [
          path.title,
          ...variants.map((variant) => micros(path, variant)),
          round(ratio(path), 3),
          Math.round(of(path, 'shipped').bytes),
        ]),
      },
    ],
    note:
      'The same handlers with the logger and the metrics they are shipped with, at the level that production logs at, and with ones that do nothing; each in a process of its ' +
      'own that writes to a pipe, as on AWS. CPU is user and system time of that process; its AWS calls end in another one. The ratios are of rounds next to each other.',
    figures: {
      worstRatio: round(worst, 3),
      ...Object.fromEntries(paths.map((path) => [`bytes: ${path.title}`, Math.round(of(path, 'shipped').bytes)])),
    },
    goals: [{ what: 'CPU with logs and metrics : without, the worst', measured: worst, atMost: 1.1 }],
    checks: [
      { what: 'every message was published, or committed and posted', holds: complete },
      {
        what: 'one way writes, the other does not',
        holds: paths.every((path) => of(path, 'shipped').bytes > 0 && of(path, 'silent').bytes === 0),
      },
    ],
  };
}
