import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSRecord } from 'aws-lambda';
import { envelope, sqsRecord } from '../../test/unit/support/events.ts';
import { bundleCarelessly } from '../harness/bundle.ts';
import { Child } from '../harness/child.ts';
import { isGapFree } from '../harness/deliveries.ts';
import type { Bench, BenchContext, Result } from '../harness/result.ts';
import { median, round } from '../harness/statistics.ts';
import { readStack } from '../stand/assembly.ts';
import type { StandApi } from '../stand/cloud.ts';
import { Environment } from '../stand/environment.ts';
import { FifoQueue, type Reader } from '../stand/fifo-queue.ts';
import { latencies } from '../stand/latencies.ts';

const variants = ['service', 'careless'] as const;
type Variant = (typeof variants)[number];

/** Messages that wait in a queue, and who works on them. */
interface Scenario {
  chats: number;
  environments: number;
  frames: 'single' | 'batch';
}

interface Plan {
  recipients: number;
  rounds: number;
  scenarios: Scenario[];
  /** Messages waiting in each chat: one chat alone is watched for longer. */
  messages: (chats: number, variant: Variant) => number;
}

const plans: Record<'full' | 'tiny', Plan> = {
  full: {
    recipients: 10,
    rounds: 3,
    scenarios: [
      ...[1, 4, 16].map((environments): Scenario => ({ chats: 1, environments, frames: 'single' })),
      { chats: 1, environments: 1, frames: 'batch' },
      ...[1, 4, 16].map((environments): Scenario => ({ chats: 16, environments, frames: 'single' })),
    ],
    messages: (chats, variant) => (chats === 1 ? 4 : 1) * (variant === 'service' ? 40 : 10),
  },
  tiny: {
    recipients: 3,
    rounds: 1,
    scenarios: [
      { chats: 1, environments: 2, frames: 'batch' },
      { chats: 4, environments: 2, frames: 'single' },
    ],
    messages: () => 12,
  },
};

/** How one round of one variant went. */
interface Run {
  perSecond: number;
  callsPerMessage: number;
  postsPerMessage: number;
  refused: number;
  /** Share of the machine's processors that was busy, 0 to 1. */
  busy: number;
  sound: boolean;
}

export const commit: Bench = {
  name: 'commit',
  title: 'Messages per second, from queue to sockets',

  async run(context) {
    const plan = plans[context.size];
    const cloud = new Child<StandApi>(join(import.meta.dirname, '../stand/cloud.ts'), {
      env: { ASSEMBLY: context.assembly, DATA: join(context.scratch, 'tables') },
    });
    const environments: Environment[] = [];
    try {
      const most = Math.max(...plan.scenarios.map(({ environments: count }) => count));
      const warm = await startBoth(context, await cloud.ask('port'), most, environments);
      await warmUp(cloud, warm);
      await cloud.ask('delay', latencies);
      const runs = new Map<string, Run[]>();
      let chatsMade = 0;
      for (const scenario of plan.scenarios) {
        for (let done = 0; done < plan.rounds; done += 1) {
          for (const variant of variants) {
            const chatIds = Array.from({ length: scenario.chats }, () => `chat-${(chatsMade += 1)}`);
            const crew = warm[variant].slice(0, scenario.environments);
            const run = await measure(
              cloud,
              crew,
              chatIds,
              scenario,
              plan.recipients,
              plan.messages(scenario.chats, variant),
            );
            runs.set(key(variant, scenario), [...(runs.get(key(variant, scenario)) ?? []), run]);
          }
        }
        context.progress(key('service', scenario));
      }
      return resultOf(plan, runs);
    } finally {
      await Promise.all(environments.map((environment) => environment.stop()));
      await cloud.stop();
    }
  },
};

function key(variant: Variant, { chats, environments, frames }: Scenario): string {
  return `${variant} ${chats} ${environments} ${frames}`;
}

/** The processor as it would be deployed, and the careless one in its place: the same role, variables and memory. */
async function startBoth(
  { root, assembly, scratch }: BenchContext,
  port: number,
  count: number,
  started: Environment[],
) {
  const shipped = readStack(assembly).functions.get('message-processor');
  if (!shipped) throw new Error('The template has no message-processor.');
  const bundle = join(scratch, 'careless-processor.cjs');
  await bundleCarelessly(root, 'bench/commit/careless-processor.ts', bundle);
  const definitions = { service: shipped, careless: { ...shipped, bundle } };
  const warm: Record<Variant, Environment[]> = { service: [], careless: [] };
  for (const variant of variants) {
    for (let index = 0; index < count; index += 1) {
      const environment = await Environment.start(definitions[variant], port);
      warm[variant].push(environment);
      started.push(environment);
    }
  }
  return warm;
}

/** Each environment processes a few messages first: on AWS, too, what is measured here is the steady state. */
async function warmUp(cloud: Child<StandApi>, warm: Record<Variant, Environment[]>): Promise<void> {
  for (const [variant, environments] of Object.entries(warm)) {
    for (const [index, environment] of environments.entries()) {
      const chatId = `warm-up-${variant}-${index}`;
      await cloud.ask('subscribe', { chatId, connections: 2, frames: 'single' });
      await environment.invoke({ Records: recordsOf(chatId, 10) });
    }
  }
}

async function measure(
  cloud: Child<StandApi>,
  crew: readonly Environment[],
  chatIds: readonly string[],
  { frames }: Scenario,
  recipients: number,
  messages: number,
): Promise<Run> {
  for (const chatId of chatIds) await cloud.ask('subscribe', { chatId, connections: recipients, frames });
  const queue = new FifoQueue<SQSRecord>({ batchSize: 10, groupOf, callMs: latencies.sqs, sleep });
  for (const chatId of chatIds) queue.put(...recordsOf(chatId, messages));
  queue.close();
  await cloud.ask('count');
  await cloud.ask('deliveries', { connections: 0, messages: 0 });
  const idle = processorTimes();
  const began = performance.now();
  await queue.drain(crew.map(readerOf));
  const seconds = (performance.now() - began) / 1000;
  const busy = busyShare(idle, processorTimes());

  const { calls, transactions, refused } = await cloud.ask('count');
  const verdict = await cloud.ask('deliveries', { connections: recipients * chatIds.length, messages });
  const histories = await Promise.all(chatIds.map((chatId) => cloud.ask('numbers', { chatId })));
  const sound = histories.every((numbers) => numbers.length === messages && isGapFree(numbers));
  const all = messages * chatIds.length;
  const posts = calls.reduce((sum, { action, count }) => sum + (action === 'PostToConnection' ? count : 0), 0);
  const others = calls.reduce((sum, { action, count }) => sum + (action === 'PostToConnection' ? 0 : count), 0);
  return {
    perSecond: all / seconds,
    callsPerMessage: others / all,
    postsPerMessage: posts / all,
    refused: transactions === 0 ? 0 : refused / transactions,
    busy,
    sound: sound && verdict.complete && verdict.late === 0,
  };
}

function groupOf({ attributes }: SQSRecord): string {
  return attributes.MessageGroupId ?? '';
}

/** Hands batches to an environment, which is expected to do all of them. */
function readerOf(environment: Environment): Reader<SQSRecord> {
  return async (Records) => {
    const { result } = await environment.invoke({ Records });
    const { batchItemFailures = [] } = (result ?? {}) as { batchItemFailures?: unknown[] };
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} records were handed back.`);
    return { again: [], afterMs: 0 };
  };
}

function recordsOf(chatId: string, messages: number): SQSRecord[] {
  return Array.from({ length: messages }, (_, index) =>
    sqsRecord({
      body: envelope({ generateSequence: true, payload: { chatId, content: `message ${index} ${'x'.repeat(200)}` } }),
      groupId: chatId,
    }),
  );
}

function processorTimes(): { idle: number; all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), all };
}

function busyShare(before: ReturnType<typeof processorTimes>, after: ReturnType<typeof processorTimes>): number {
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

function resultOf({ scenarios, recipients }: Plan, runs: Map<string, Run[]>): Result {
  const of = (variant: Variant, scenario: Scenario): Run[] => runs.get(key(variant, scenario)) ?? [];
  const middle = (variant: Variant, scenario: Scenario, field: Exclude<keyof Run, 'sound'>): number =>
    median(of(variant, scenario).map((run) => run[field]));
  /** Of rounds that were measured one right after the other. */
  const ratio = (scenario: Scenario): number => {
    const careless = of('careless', scenario);
    return median(
      of('service', scenario).map(({ perSecond }, index) => perSecond / (careless[index]?.perSecond ?? NaN)),
    );
  };
  const [first] = scenarios;
  const oneChat = scenarios.filter(({ chats, frames }) => chats === 1 && frames === 'single');
  const slowest = Math.min(...(oneChat.length > 0 ? oneChat : scenarios).map(ratio));
  return {
    tables: [
      {
        title: `Numbered messages waiting in FIFO queues, ${recipients} recipients each (median of the rounds)`,
        columns: [
          ...['chats', 'environments', 'frames', 'messages/s', 'careless', 'ratio', 'calls per message', 'careless'],
          ...['posts per message', 'transactions refused', 'processors busy', 'careless'],
        ],
        rows: scenarios.map((scenario) => [
          ...[scenario.chats, scenario.environments, scenario.frames],
          ...variants.map((variant) => round(middle(variant, scenario, 'perSecond'))),
          round(ratio(scenario)),
          ...variants.map((variant) => round(middle(variant, scenario, 'callsPerMessage'))),
          round(middle('service', scenario, 'postsPerMessage')),
          percent(middle('service', scenario, 'refused')),
          ...variants.map((variant) => percent(middle(variant, scenario, 'busy'))),
        ]),
      },
    ],
    note:
      "The processor as it is deployed, in worker threads, its calls passing the edge with the template's policies into real tables; the edge adds " +
      `${latencies.dynamodb} ms to each call of DynamoDB and ${latencies['execute-api']} ms to each post, and a batch waits ${latencies.sqs} ms to be received and as long to be ` +
      'deleted. Beside it "careless": for each message a counter update, a put, a query, and one post after another, through the SDK. One chat is one FIFO ' +
      'group, so its messages are processed by one environment at a time however many there are; each batch goes to the environment idle for longest, which ' +
      'is the worst there is for the cached head of a chat: a refused transaction teaches it and costs one more call. Calls are those of DynamoDB. Where the ' +
      'processors are busy, this machine is the limit, and more environments show nothing.',
    figures: {
      slowestRatioOfOneChat: round(slowest),
      ...(first && {
        messagesPerSecondOfOneChat: round(middle('service', first, 'perSecond')),
        callsPerMessage: round(middle('service', first, 'callsPerMessage')),
      }),
    },
    goals: [{ what: 'messages per second of one chat, service : careless, the least', measured: slowest, atLeast: 6 }],
    checks: [
      {
        what: 'histories are free of gaps, and every connection got every message in order',
        holds: scenarios.every((scenario) => of('service', scenario).every(({ sound }) => sound)),
      },
    ],
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
