import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSRecord } from 'aws-lambda';
import { envelope, socketMessage, sqsRecord } from '../../test/unit/support/events.ts';
import { Child } from '../harness/child.ts';
import type { Bench, Result, Table } from '../harness/result.ts';
import { round } from '../harness/statistics.ts';
import { simulatedFunctions } from '../scale/bundle.ts';
import { messagesOf } from '../scale/events.ts';
import { simulateFanOut, type Simulated } from '../scale/fan-out-simulation.ts';
import { readStack } from '../stand/assembly.ts';
import type { StandApi } from '../stand/cloud.ts';
import { Environment } from '../stand/environment.ts';
import { FifoQueue } from '../stand/fifo-queue.ts';
import { latencies } from '../stand/latencies.ts';
import { aws, rivals } from './prices.ts';

const kinds = {
  standard: { messageType: 'standard' },
  FIFO: { messageType: 'fifo' },
  'FIFO + sequence': { messageType: 'fifo', generateSequence: true },
} as const;
type Kind = keyof typeof kinds;

const plans = {
  full: { recipients: [1, 10, 100, 1_000], messages: 10, busy: { recipients: 1_000, messages: 300, perSecond: 100 } },
  tiny: { recipients: [1, 3], messages: 2, busy: { recipients: 5, messages: 20, perSecond: 100 } },
};

/** What messages came to, in dollars per million of them, by what it is paid for. */
type Bill = Record<'API Gateway' | 'Lambda' | 'DynamoDB' | 'SNS' | 'SQS' | 'logs', number>;

/** Messages of one kind to so many recipients, one at a time. */
interface Line {
  kind: Kind;
  recipients: number;
  bill: Bill;
  delivered: boolean;
}

/** A busy chat whose connections take batches. */
interface Busy {
  bill: Bill;
  meanRun: number;
  postsPerMessage: number;
  delivered: boolean;
  simulated: Simulated;
}

export const cost: Bench = {
  name: 'cost',
  title: 'Dollars per million messages',

  async run({ size, assembly, scratch, progress }) {
    const plan = plans[size];
    const template = readStack(assembly);
    const cloud = new Child<StandApi>(join(import.meta.dirname, '../stand/cloud.ts'), {
      env: { ASSEMBLY: assembly, DATA: join(scratch, 'tables') },
    });
    let bench: Service | undefined;
    try {
      bench = await Service.start(template, cloud);
      await bench.sendOneByOne('standard', 1, 3);
      await cloud.ask('delay', latencies);
      const lines: Line[] = [];
      for (const kind of Object.keys(kinds) as Kind[]) {
        for (const recipients of plan.recipients) {
          lines.push(await bench.sendOneByOne(kind, recipients, plan.messages));
          progress(`${kind} to ${recipients}`);
        }
      }
      const { recipients, messages, perSecond } = plan.busy;
      const measured = await bench.sendBusily(recipients, messages, perSecond);
      const simulated = await simulateFanOut(
        template,
        await simulatedFunctions(),
        recipients,
        messagesOf(messages, perSecond),
        'batch',
      );
      return resultOf(lines, { ...measured, simulated }, plan.busy);
    } finally {
      await bench?.stop();
      await cloud.stop();
    }
  },
};

/** The publisher and the processor, warm, and how messages get from one to the other. */
class Service {
  readonly #cloud: Child<StandApi>;
  readonly #publisher: Environment;
  readonly #processor: Environment;
  #chats = 0;

  private constructor(cloud: Child<StandApi>, publisher: Environment, processor: Environment) {
    this.#cloud = cloud;
    this.#publisher = publisher;
    this.#processor = processor;
  }

  static async start({ functions }: ReturnType<typeof readStack>, cloud: Child<StandApi>): Promise<Service> {
    const port = await cloud.ask('port');
    const warm = (name: string): Promise<Environment> => {
      const definition = functions.get(name);
      if (!definition) throw new Error(`The template has no ${name}.`);
      // As much as production logs.
      return Environment.start({ ...definition, environment: { ...definition.environment, LOG_LEVEL: 'INFO' } }, port);
    };
    return new Service(cloud, await warm('p2p-websocket-publisher'), await warm('message-processor'));
  }

  async stop(): Promise<void> {
    await this.#publisher.stop();
    await this.#processor.stop();
  }

  /** Messages that nobody waits behind: each is a run of its own, which is what costs most. */
  async sendOneByOne(kind: Kind, recipients: number, messages: number): Promise<Line> {
    const chatId = await this.#open(recipients, 'single');
    const billed = this.#startBilling();
    for (let sent = 0; sent < messages; sent += 1) {
      const body = await this.#publish(chatId, kind, billed);
      const record = sqsRecord({ body, fifo: kind !== 'standard', groupId: chatId });
      billed.processorMs += (await this.#processor.invoke({ Records: [record] })).ms;
      billed.runs += 1;
    }
    const { bill } = await this.#bill(billed, messages, kind);
    const verdict = await this.#cloud.ask('deliveries', { connections: recipients, messages: 0 });
    return { kind, recipients, bill, delivered: verdict.connections === recipients };
  }

  /** Messages at a rate, to connections that take several in one frame. */
  async sendBusily(recipients: number, messages: number, perSecond: number): Promise<Omit<Busy, 'simulated'>> {
    const chatId = await this.#open(recipients, 'batch');
    const billed = this.#startBilling();
    for (let sent = 0; sent < 5; sent += 1) await this.#publish(chatId, 'FIFO + sequence', billed);
    const published = await this.#bill(billed, 5, 'FIFO + sequence');
    const queue = new FifoQueue<SQSRecord>({ batchSize: 10, groupOf: () => chatId, callMs: latencies.sqs, sleep });
    const processing = this.#startBilling();
    const drained = queue.drain([
      async (Records) => {
        processing.processorMs += (await this.#processor.invoke({ Records })).ms;
        processing.runs += 1;
        return { again: [], afterMs: 0 };
      },
    ]);
    const began = performance.now();
    for (const { number, atMs } of messagesOf(messages, perSecond)) {
      await sleep(Math.max(0, began + atMs - performance.now()));
      const body = envelope({ generateSequence: true, payload: { chatId, content: `${number} ${'x'.repeat(300)}` } });
      queue.put(sqsRecord({ body, groupId: chatId }));
    }
    queue.close();
    await drained;
    const { bill, posts } = await this.#bill(processing, messages, 'FIFO + sequence');
    const verdict = await this.#cloud.ask('deliveries', { connections: recipients, messages });
    return {
      bill: sumOf(bill, published.bill),
      meanRun: messages / queue.batches.length,
      postsPerMessage: posts / messages,
      delivered: verdict.complete && verdict.late === 0,
    };
  }

  async #open(recipients: number, frames: 'single' | 'batch'): Promise<string> {
    const chatId = `chat-${(this.#chats += 1)}`;
    await this.#cloud.ask('permit', { chatId, userId: 'sender' });
    await this.#cloud.ask('subscribe', { chatId, connections: recipients, frames });
    await this.#cloud.ask('count');
    await this.#cloud.ask('deliveries', { connections: 0, messages: 0 });
    return chatId;
  }

  async #publish(chatId: string, kind: Kind, billed: Billed): Promise<string> {
    const payload = { chatId, eventType: 'chat', content: 'x'.repeat(300) };
    const message = socketMessage({ userId: 'sender' }, { targetChannel: 'WebSocket', ...kinds[kind], payload });
    billed.publisherMs += (await this.#publisher.invoke(message)).ms;
    billed.published += 1;
    const [body] = await this.#cloud.ask('published');
    if (body === undefined) throw new Error('The publisher published nothing.');
    return body;
  }

  #startBilling(): Billed {
    return { published: 0, publisherMs: 0, runs: 0, processorMs: 0, loggedBytes: this.#loggedBytes };
  }

  get #loggedBytes(): number {
    return this.#publisher.loggedBytes + this.#processor.loggedBytes;
  }

  /** What it all came to, for a million messages if so many made it. */
  async #bill(billed: Billed, messages: number, kind: Kind): Promise<{ bill: Bill; posts: number }> {
    const { calls, readUnits, writeUnits } = await this.#cloud.ask('count');
    const of = (action: string): number =>
      calls.reduce((sum, call) => sum + (call.action === action ? call.count : 0), 0);
    const gigabytes = ({ definition }: Environment): number => definition.memoryMegabytes / 1024;
    const gigabyteSeconds =
      (billed.publisherMs * gigabytes(this.#publisher) + billed.processorMs * gigabytes(this.#processor)) / 1000;
    const [publish, request] =
      kind === 'standard' ? [aws.standardPublish, aws.standardRequest] : [aws.fifoPublish, aws.fifoRequest];
    const perMessage = (dollars: number): number => dollars / messages;
    const posts = of('PostToConnection');
    const bill = {
      // What a sender sends comes in, and is answered.
      'API Gateway': perMessage((2 * billed.published + posts) * aws.webSocketMessage.dollars),
      Lambda: perMessage(
        (billed.published + billed.runs) * aws.invocation.dollars + gigabyteSeconds * aws.gigabyteSecond.dollars,
      ),
      DynamoDB: perMessage(readUnits * aws.readUnit.dollars + writeUnits * aws.writeUnit.dollars),
      SNS: perMessage(of('Publish') * publish.dollars),
      // The topic's delivery of each message, and a receive and a delete for each run.
      SQS: perMessage((billed.published + 2 * billed.runs) * request.dollars),
      logs: perMessage(
        ((this.#loggedBytes - billed.loggedBytes + (billed.published + billed.runs) * linesOfLambda) / 1e6) *
          aws.logMegabyte.dollars,
      ),
    };
    return { bill, posts };
  }
}

/** Bytes of the three lines that Lambda itself writes for an invocation: START, END and REPORT. */
const linesOfLambda = 320;

/** What is counted on this side of the edge. */
interface Billed {
  published: number;
  publisherMs: number;
  runs: number;
  processorMs: number;
  loggedBytes: number;
}

function sumOf(one: Bill, other: Bill): Bill {
  return Object.fromEntries(
    Object.entries(one).map(([name, dollars]) => [name, dollars + other[name as keyof Bill]]),
  ) as Bill;
}

function total(bill: Bill | undefined): number {
  return Object.values(bill ?? {}).reduce((sum, dollars) => sum + dollars, 0);
}

function resultOf(lines: Line[], busy: Busy, plan: (typeof plans)['full']['busy']): Result {
  const counts = [...new Set(lines.map(({ recipients }) => recipients))];
  const of = (kind: Kind, recipients: number): Line | undefined =>
    lines.find((line) => line.kind === kind && line.recipients === recipients);
  const alone = total(of('FIFO + sequence', plan.recipients)?.bill ?? lines.at(-1)?.bill);
  const share = total(busy.bill) / alone;
  const people = (count: number): string => `${count.toLocaleString('en-US')} recipient${count === 1 ? '' : 's'}`;
  const tables: Table[] = [
    {
      title: 'Messages sent over a socket, each processed alone: dollars per million',
      columns: ['message', ...counts.map(people)],
      rows: [
        ...(Object.keys(kinds) as Kind[]).map((kind) => [
          kind,
          ...counts.map((recipients) => round(total(of(kind, recipients)?.bill))),
        ]),
        ...rivals.map(({ name, dollars }) => [name, ...counts.map((recipients) => round((1 + recipients) * dollars))]),
      ],
    },
    {
      title: 'What FIFO + sequence is paid for: dollars per million messages',
      columns: ['', ...counts.map(people)],
      rows: Object.keys(busy.bill).map((name) => [
        name,
        ...counts.map((recipients) => round(of('FIFO + sequence', recipients)?.bill[name as keyof Bill] ?? NaN)),
      ]),
    },
    {
      title: `${plan.perSecond} messages a second to ${people(plan.recipients)}, with sequence`,
      columns: ['frames', 'messages per run', 'posts per message', 'dollars per million', 'share'],
      rows: [
        ['one post per message', 1, plan.recipients, round(alone), '100%'],
        [
          'batch',
          round(busy.meanRun),
          round(busy.postsPerMessage),
          round(total(busy.bill)),
          `${round(share * 100, 2)}%`,
        ],
      ],
    },
    {
      title: 'The prices',
      columns: ['what', 'dollars per million', 'source', 'as of'],
      rows: [
        ...Object.values(aws).map(({ what, dollars, source, asOf }) => [what, dollars, source, asOf]),
        ...rivals.map(({ name, what, dollars, connectionMinutes, source, asOf }) => [
          `${name}: ${what}; a million connection minutes: ${connectionMinutes === 0 ? 'in the plan' : `$${connectionMinutes}`}`,
          round(dollars),
          source,
          asOf,
        ]),
      ],
    },
  ];
  const { simulated } = busy;
  return {
    tables,
    note:
      'Calls are counted at the edge, and so are the request units of DynamoDB; durations of functions are those of this machine with the latencies of AWS added, times the ' +
      'memory in the template. A message that is processed alone costs most: with others waiting, one transaction, one query and one batch of requests serve up to ten. Above ' +
      'some ten recipients the posts are the bill, for everybody; frames=batch is what makes them fewer. Left out: connection minutes, storage, data transfer, empty receives ' +
      '(one function reading an idle queue makes some 15 a minute), free tiers and discounts. ' +
      `Such a chat is one FIFO group, so one function at a time serves it: on AWS, by the simulation, ${round(plan.messages / simulated.seconds)} messages a second of it get through ` +
      `at ${round(simulated.meanRun)} a run, and what is sent faster waits. The others neither number messages nor keep them for weeks at these prices; they are here for the scale.`,
    figures: {
      ...Object.fromEntries(lines.map(({ kind, recipients, bill }) => [`${kind} ${recipients}`, round(total(bill))])),
      meanRun: round(busy.meanRun),
      batchShare: round(share),
      simulatedMeanRun: round(simulated.meanRun),
    },
    goals: [{ what: 'frames=batch : one post per message, dollars', measured: share, atMost: 0.25 }],
    checks: [
      {
        what: 'everybody got the messages that are billed',
        holds: busy.delivered && lines.every(({ delivered }) => delivered),
      },
    ],
  };
}
