import './support/quiet.ts';
import type { SQSRecord } from 'aws-lambda';
import { createHash } from 'node:crypto';
import { subscriberKey } from '../../functions/domain/connecting/subscriber.ts';
import { largeChatMarker, rangeOfSlot, slots } from '../../functions/domain/delivery/large-chats.ts';
import { Pace } from '../../functions/domain/delivery/pace.ts';
import { handler as fanOutHandler } from '../../functions/fan-out/handler.ts';
import { handler as processHandler } from '../../functions/message-processor/handler.ts';
import { Aws } from './support/aws.ts';
import { envelope, inSeconds, lambdaContext, sqsEvent, sqsRecord } from './support/events.ts';
import { table } from './support/tables.ts';

interface Sent {
  Entries: { MessageBody: string; MessageGroupId: string; MessageDeduplicationId: string }[];
}

const threshold = 8;
const unexpected = { error: 'InternalServerError', status: 500 };
let chats = 0;

describe('slots', () => {
  test('every possible subscriber is in exactly one slot, whoever else there is', () => {
    for (let user = 0; user < 1_000; user += 1) {
      const key = subscriberKey(`user-${user}`, 'connection');
      const holding = slots.filter((slot) => {
        const { from, to } = rangeOfSlot(slot);
        return key >= from && key <= to;
      });
      expect(holding).toHaveLength(1);
      const byte = createHash('sha256').update(`user-${user}`).digest()[0] ?? 0;
      expect(holding[0]).toBe(Math.floor(byte / 4));
    }
  });

  test('the marker is in none of them, and sorts before all', () => {
    for (const slot of slots) expect(largeChatMarker < rangeOfSlot(slot).from).toBe(true);
  });
});

describe('a large chat', () => {
  let aws: Aws;
  let chatId: string;

  beforeAll(async () => {
    const queues = 'https://sqs.us-east-1.amazonaws.com/000000000000';
    Object.assign(process.env, {
      STANDARD_DEAD_LETTER_QUEUE_URL: `${queues}/standard-dead`,
      FIFO_DEAD_LETTER_QUEUE_URL: `${queues}/fifo-dead.fifo`,
      DELIVERY_RETRY_QUEUE_URL: `${queues}/retries`,
      FAN_OUT_QUEUE_URL: `${queues}/fan-out.fifo`,
      LARGE_CHAT_SUBSCRIBERS: String(threshold),
    });
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(() => {
    aws.reset();
    chats += 1;
    chatId = `large-${chats}`;
  });

  /** So many users with a connection each, named after them. */
  async function subscribe(count: number, row: object = {}): Promise<string[]> {
    const users = Array.from({ length: count }, (_, index) => `user-${chats}-${index}`);
    for (const userId of users) {
      await table('SUBSCRIPTIONS_TABLE').put({
        chatId,
        subscriber: subscriberKey(userId, userId),
        connectionId: userId,
        userId,
        frames: 'single',
        connectedAt: '2026-01-01T00:00:00.000Z',
        accessExpiresAt: inSeconds(600),
        ...row,
      });
    }
    return users;
  }

  function message(content: string): SQSRecord {
    return sqsRecord({
      body: envelope({ generateSequence: true, payload: { chatId, eventType: 'chat', content } }),
    });
  }

  async function deliver(...records: SQSRecord[]): Promise<string[]> {
    const { batchItemFailures } = await processHandler(sqsEvent(...records), lambdaContext());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  /** The jobs on the fan-out queue, as its worker receives them. */
  function jobs(receiveCount = 1): SQSRecord[] {
    return aws
      .inputs<Sent>('SendMessageBatch')
      .flatMap(({ Entries }) => Entries)
      .map(({ MessageBody, MessageGroupId }) =>
        sqsRecord({ body: MessageBody, groupId: MessageGroupId, receiveCount }),
      );
  }

  async function work(records: SQSRecord[], remainingMs?: () => number): Promise<string[]> {
    const { batchItemFailures } = await fanOutHandler(sqsEvent(...records), lambdaContext(remainingMs));
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  const contentsOf = (connectionId: string): unknown[] =>
    (aws.received.get(connectionId) ?? []).map((frame) => (JSON.parse(frame) as { content: unknown }).content);

  test('is one with more live subscribers than the threshold', async () => {
    const users = await subscribe(threshold);
    await deliver(message('few'));
    expect(users.map(contentsOf)).toEqual(users.map(() => ['few']));
    expect(jobs()).toEqual([]);
  });

  test('is not one whose rows have mostly ended', async () => {
    await subscribe(3 * threshold, { accessExpiresAt: inSeconds(-1) });
    await deliver(message('to nobody'));
    expect(jobs()).toEqual([]);
    expect(await table('SUBSCRIPTIONS_TABLE').get({ chatId, subscriber: largeChatMarker })).toBeUndefined();
  });

  test('gets its messages through the workers: each connection once, in order', async () => {
    const users = await subscribe(threshold + 5);
    await deliver(message('one'), message('two'));
    expect(aws.received.size).toBe(0);
    expect(jobs()).toHaveLength(slots.length);
    expect(await work(jobs())).toEqual([]);
    expect(users.map(contentsOf)).toEqual(users.map(() => ['one', 'two']));
  });

  test('stays one when its subscribers leave, and is known by one read of one row', async () => {
    const users = await subscribe(threshold + 1);
    await deliver(message('one'));
    for (const userId of users)
      await table('SUBSCRIPTIONS_TABLE').delete({ chatId, subscriber: subscriberKey(userId, userId) });
    aws.reset();
    await deliver(message('two'));
    expect(aws.actions.filter((action) => action === 'Query')).toHaveLength(1);
    expect(jobs()).toHaveLength(slots.length);
  });

  test('a slot has a group of its own, the same for every message', async () => {
    await subscribe(threshold + 1);
    const groups = async (content: string): Promise<string[]> => {
      aws.reset();
      await deliver(message(content));
      return aws
        .inputs<Sent>('SendMessageBatch')
        .flatMap(({ Entries }) => Entries.map((entry) => entry.MessageGroupId));
    };
    const [first, second] = [await groups('one'), await groups('two')];
    expect(new Set(first).size).toBe(slots.length);
    expect(new Set(second)).toEqual(new Set(first));
  });

  test('the same messages handed over again are the same jobs to SQS', async () => {
    await subscribe(threshold + 1);
    const record = message('one');
    await deliver(record);
    await deliver(record);
    const ids = aws
      .inputs<Sent>('SendMessageBatch')
      .flatMap(({ Entries }) => Entries.map((entry) => entry.MessageDeduplicationId));
    expect(ids).toHaveLength(2 * slots.length);
    expect(new Set(ids).size).toBe(slots.length);
  });

  test('messages too large for one job go in several, in order', async () => {
    const users = await subscribe(threshold + 1);
    const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(100_000));
    await deliver(...contents.map(message));
    for (const { body } of jobs()) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(256 * 1024);
    expect(await work(jobs())).toEqual([]);
    expect(users.map(contentsOf)).toEqual(users.map(() => contents));
  });

  test('jobs that the queue refuses bring the message back', async () => {
    await subscribe(threshold + 1);
    aws.fail('SendMessageBatch', { answer: { Failed: [{ Id: '0', SenderFault: false, Code: 'Busy' }] } }, { times: 1 });
    const record = message('one');
    expect(await deliver(record)).toEqual([record.messageId]);
  });

  test('a slot that cannot be read comes again alone, with what follows it', async () => {
    const users = await subscribe(threshold + 5);
    await deliver(message('one'));
    await deliver(message('two'));
    const [failing] = users;
    const key = subscriberKey(failing ?? '', failing ?? '');
    const isIts = (input: Record<string, unknown>): boolean => {
      const { ':from': from, ':to': to } = (input['ExpressionAttributeValues'] ?? {}) as Record<string, { S: string }>;
      return from !== undefined && to !== undefined && key >= from.S && key <= to.S;
    };
    aws.fail('Query', unexpected, { applies: isIts });
    const failed = await work(jobs(2));
    expect(failed).toHaveLength(2);
    const served = users.filter((userId) => contentsOf(userId).length > 0);
    expect(served.map(contentsOf)).toEqual(served.map(() => ['one', 'two']));
    expect(served).not.toContain(failing);
    const again = jobs(3);
    aws.reset();
    await work(again);
    expect(contentsOf(failing ?? '')).toEqual(['one', 'two']);
  });

  test('what there is no time for comes again', async () => {
    await subscribe(threshold + 1);
    await deliver(message('one'));
    let left = 10_000;
    const records = jobs();
    const failed = await work(records, () => (left -= 4_000));
    expect(failed).toHaveLength(records.length);
  });

  test('a job that says nothing readable is dropped, and hurts nobody', async () => {
    const users = await subscribe(threshold + 1);
    await deliver(message('one'));
    expect(await work([sqsRecord({ body: 'poison', groupId: 'poison' }), ...jobs()])).toEqual([]);
    expect(users.map(contentsOf)).toEqual(users.map(() => ['one']));
  });

  test('connections that are gone lose their rows, those that fail are tried again alone', async () => {
    const [gone = '', failing = '', ...others] = await subscribe(threshold + 2);
    await deliver(message('one'));
    const records = jobs();
    const postsTo = (name: string) => ({
      applies: ({ connectionId }: Record<string, unknown>) => connectionId === name,
    });
    aws.reset();
    aws.fail('PostToConnection', { error: 'GoneException', status: 410 }, postsTo(gone));
    aws.fail('PostToConnection', unexpected, postsTo(failing));
    expect(await work(records)).toEqual([]);
    expect(others.map(contentsOf)).toEqual(others.map(() => ['one']));
    expect(await table('SUBSCRIPTIONS_TABLE').get({ chatId, subscriber: subscriberKey(gone, gone) })).toBeUndefined();
    expect(jobs().map(({ body }) => (JSON.parse(body) as { connectionId: string }).connectionId)).toEqual([failing]);
  });
});

describe('pace', () => {
  test('turns are given in order, no more than so many a second', async () => {
    const pace = new Pace(200);
    const began = performance.now();
    const order: number[] = [];
    await Promise.all(Array.from({ length: 21 }, (_, index) => pace.turn().then(() => order.push(index))));
    expect(order).toEqual(Array.from({ length: 21 }, (_, index) => index));
    expect(performance.now() - began).toBeGreaterThanOrEqual(99);
  });
});
