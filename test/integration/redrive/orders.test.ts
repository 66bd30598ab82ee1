import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { DeadLetterQueues } from './dead-letter-queues.ts';
import { Operator, type Order } from './operator.ts';

const all = { queue: 'standard', mode: 'redrive' };
const [noon, eve] = ['2026-01-01T12:00:00Z', '2026-01-01T18:00:00Z'];

/** Orders that nobody can mean, and what the refusal names. */
const wrongOrders: [what: string, order: Order, named: string[]][] = [
  ['a queue that is not there', { ...all, queue: 'standart' }, ['queue', 'standard, fifo', '"standart"']],
  ['a queue whose letters are no messages', { ...all, queue: 'permission-stream' }, ['mode', 'discard', 'redrive']],
  ['no messages', { ...all, maxMessages: 0 }, ['maxMessages', '1 to 1000000', '0']],
  ['too many a second', { ...all, maxPerSecond: 101 }, ['maxPerSecond', '1 to 100', '101']],
  ['none a second', { ...all, maxPerSecond: 0 }, ['maxPerSecond', '1 to 100', '0']],
  ['a chat that cannot be', { ...all, filter: { chatId: 'no chat' } }, ['filter.chatId', '"no chat"']],
  ['an empty reason to look for', { ...all, filter: { reason: '' } }, ['filter.reason', '1 to 256']],
  ['an id that is none', { ...all, filter: { messageIds: ['abc'] } }, ['filter.messageIds[0]', 'ULID', '"abc"']],
  ['no ids', { ...all, filter: { messageIds: [] } }, ['filter.messageIds', '1 to 100', '0']],
  [
    'an end before the start',
    { ...all, filter: { sentAfter: eve, sentBefore: noon } },
    ['filter.sentBefore', 'after sentAfter'],
  ],
];

/** What Lambda notes of stream records that it gave up: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
const streamFailure = JSON.stringify({
  requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 3 },
  DDBStreamBatchInfo: { shardId: 'shardId-00000001' },
});

describe('orders to redrive', () => {
  let stage: Stage;
  let queues: DeadLetterQueues;
  let operator: Operator;

  beforeAll(async () => {
    stage = await Stage.start();
    queues = new DeadLetterQueues(stage.cloud.outputs);
    operator = new Operator(stage.cloud.outputs);
  }, 60_000);
  afterAll(async () => {
    queues?.close();
    await stage?.close();
  }, 30_000);

  test.each(wrongOrders)(
    'with %s are refused, planned or started, by words that name it',
    async (_what, order, named) => {
      const before = await stage.outside.rows('Redrives', {});
      for (const { errors } of [await operator.askToPlan(order), await operator.askToStart(order)]) {
        expect(errors).toMatchObject([{ errorType: 'InvalidInput' }]);
        for (const words of named) expect(errors?.[0]?.message).toContain(words);
      }
      expect(await stage.outside.rows('Redrives', {})).toEqual(before);
    },
  );

  test.each([
    ['none', '  '],
    ['too long a one', 'x'.repeat(501)],
  ])('without a reason, be it %s, are refused', async (_what, reason) => {
    expect(await operator.askToStart(all, reason)).toMatchObject({
      errors: [{ errorType: 'InvalidInput', message: expect.stringMatching(/^Invalid reason: expected/) }],
    });
  });

  test('letters of the permissions’ stream can be given up, by what they say', async () => {
    const queue = 'permission-stream';
    await queues.put(queue, [{ body: streamFailure }, { body: 'what is this' }, { body: streamFailure }]);
    await until('the letters to be recorded', async () => (await operator.waiting(queue)) === 3);
    const order = { queue, mode: 'discard', filter: { reason: 'RetryAttemptsExhausted' } };
    expect(await operator.carryOut(order)).toMatchObject({
      status: 'completed',
      examined: 3,
      matched: 2,
      discarded: 2,
    });
    expect(await operator.waiting(queue)).toBe(1);
    const letters = await stage.outside.letters(queue);
    expect(letters.filter(({ status }) => status === 'waiting')).toMatchObject([{ body: 'what is this' }]);
  });
});
