import { personNamed } from '../../setup/sign-in.ts';
import type { Frame, TestSocket } from '../../setup/socket.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const forbidden = 'Forbidden: You do not have permission to join this chat.';

describe('subscribing on a live socket', () => {
  let stage: Stage;
  let tables: Tables;
  let carol: TestSocket;

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
    carol = await stage.open('carol');
  });
  afterAll(async () => {
    tables.close();
    await stage.close();
  });

  const oneTo = (last: number): number[] => Array.from({ length: last }, (_number, index) => index + 1);
  const numbersOf = (frames: readonly Frame[]): number[] => frames.map(({ sequence }) => sequence as number);
  const ackId = expect.any(String);

  async function publishNumbered(chatId: string, count: number): Promise<void> {
    for (let start = 0; start < count; start += 10) {
      await stage.publish('Fifo', chatId, oneTo(10), { generateSequence: true });
    }
  }

  test('replies with heads and firsts; messages come; after unsubscribing they do not', async () => {
    await stage.outside.grant('plain', ['carol']);
    const { userId } = personNamed(stage.cloud.outputs, 'carol');
    expect(await carol.request({ action: 'subscribe', chatIds: ['plain', 'stranger', userId] })).toEqual({
      type: 'subscribed',
      chats: [
        { chatId: 'plain', headSequence: 0, firstSequence: 1 },
        { chatId: userId, headSequence: 0, firstSequence: 1 },
      ],
      refused: [{ chatId: 'stranger', error: forbidden }],
      ackId,
    });
    await publishNumbered('plain', 10);
    const live = await carol.collect(({ chatId }) => chatId === 'plain', 10);
    expect(numbersOf(live)).toEqual(oneTo(10));
    expect(await carol.request({ action: 'subscribe', chatIds: ['plain'] })).toMatchObject({
      chats: [{ chatId: 'plain', headSequence: 10, firstSequence: 1 }],
    });

    expect(await carol.request({ action: 'unsubscribe', chatIds: ['plain', userId] })).toEqual({
      type: 'unsubscribed',
      chatIds: ['plain'],
      ackId,
    });
    await publishNumbered('plain', 10);
    await stage.publish('Fifo', userId, ['after them']);
    await carol.next(({ content }) => content === 'after them');
    await until('all of them in history', async () => (await stage.outside.history('plain')).length === 20);
    expect(carol.messages('plain')).toHaveLength(10);
  });

  test('while messages pour in, each is either live or up to the head, and none is missing', async () => {
    await stage.outside.grant('busy', ['carol']);
    for (let round = 1; round <= 3; round += 1) {
      const published = publishNumbered('busy', 50);
      const { chats } = (await carol.request({ action: 'subscribe', chatIds: ['busy'] })) as unknown as {
        chats: { headSequence: number }[];
      };
      const head = chats[0]?.headSequence ?? NaN;
      await published;
      const last = round * 50;
      await carol.next(
        () => {
          const numbers = new Set(numbersOf(carol.messages('busy')));
          return oneTo(last).every((number) => number <= head || numbers.has(number));
        },
        `every number from ${head + 1} to ${last}`,
      );
      const upToHead = { fromSequence: Math.min(1, head), toSequence: head };
      const replay = await carol.request({ action: 'replay', chatId: 'busy', ...upToHead });
      expect(replay).toMatchObject({ complete: true });
      expect(numbersOf(replay['messages'] as Frame[])).toEqual(oneTo(head));
      await carol.request({ action: 'unsubscribe', chatIds: ['busy'] });
    }
  });

  test('a pong tells the heads, and which subscription is lost; subscribing again heals it', async () => {
    await stage.outside.grant('watched', ['carol']);
    await carol.request({ action: 'subscribe', chatIds: ['watched'] });
    await publishNumbered('watched', 10);
    await carol.collect(({ chatId }) => chatId === 'watched', 10);
    const ping = { action: 'ping', positions: { watched: 9, stranger: 0 } };
    expect(await carol.request(ping)).toEqual({
      type: 'pong',
      serverTime: expect.stringMatching(isoTime),
      heads: { watched: 10 },
      notSubscribed: ['stranger'],
      ackId,
    });
    await tables.remove('Subscriptions', 'chatId', 'watched', 'subscriber');
    expect(await carol.request(ping)).toMatchObject({ heads: {}, notSubscribed: ['watched', 'stranger'] });
    await carol.request({ action: 'subscribe', chatIds: ['watched'] });
    expect(await carol.request(ping)).toMatchObject({ heads: { watched: 10 }, notSubscribed: ['stranger'] });
  });

  test('100 chats are one request', async () => {
    const chatIds = oneTo(100).map((number) => `many-${number}`);
    const { userId } = personNamed(stage.cloud.outputs, 'carol');
    await tables.fill(
      'Permissions',
      chatIds.map((chatId) => ({ userId, chatId, role: 'member' })),
    );
    await stage.edge.resetCalls();
    const reply = await carol.request({ action: 'subscribe', chatIds });
    expect(reply).toMatchObject({ refused: [] });
    expect((reply['chats'] as Frame[]).map(({ chatId }) => chatId)).toEqual(chatIds);
    const counts = await Promise.all(
      ['BatchGetItem', 'TransactWriteItems', 'Query'].map((action) => stage.edge.count('subscription', action)),
    );
    expect(counts).toEqual([4, 2, 1]);
    await carol.request({ action: 'unsubscribe', chatIds });
  });

  describe('a permission taken away while a subscription is being written, by a function that then dies', () => {
    const { service, role } = { service: 'dynamodb', role: 'subscription' };
    const write = { service, role, action: 'TransactWriteItems', times: 1 };
    const headsRead = { service, role, action: 'BatchGetItem', resource: 'arn:*Chats*', times: 1 };
    const struck = async (): Promise<number[]> => (await stage.edge.faults()).map((fault) => fault.struck);

    const takeAwayAll = (username: string): Promise<void> =>
      tables.remove('Permissions', 'userId', personNamed(stage.cloud.outputs, username).userId, 'chatId');

    async function getsNothing(stranger: TestSocket, chatId: string): Promise<void> {
      const bob = await stage.listen('bob', chatId);
      await stage.publish('Fifo', chatId, ['a secret']);
      await bob.next(({ content }) => content === 'a secret');
      const { userId } = personNamed(stage.cloud.outputs, 'vera');
      await stage.publish('Fifo', userId, ['no secret']);
      await stranger.next(({ content }) => content === 'no secret');
      expect(stranger.messages(chatId)).toEqual([]);
      expect(await stage.outside.rows('Subscriptions', { chatId, userId })).toEqual([]);
      await Promise.all([bob.close(), stranger.close()]);
    }

    afterEach(() => stage.edge.mend());

    test('before the write takes effect: no row, and no message', async () => {
      await stage.outside.grant('taken-before', ['vera']);
      const vera = await stage.open('vera');
      await stage.edge.break({ ...write, fault: { delayMs: 1_500 } });
      await stage.edge.break({ ...write, fault: { crash: 'after' } });
      vera.send({ action: 'subscribe', chatIds: ['taken-before'] });
      await until('the row on its way', async () => (await struck()).some((times) => times > 0));
      await takeAwayAll('vera');
      await vera.next(({ message }) => message === 'Internal server error', 'word of the crash');
      expect(await struck()).toEqual([1, 1]);
      await getsNothing(vera, 'taken-before');
    });

    test('after it: the row goes, and no message comes', async () => {
      await stage.outside.grant('taken-after', ['vera']);
      const vera = await stage.open('vera');
      await stage.edge.break({ ...headsRead, fault: { delayMs: 1_500 } });
      await stage.edge.break({ ...headsRead, fault: { crash: true } });
      vera.send({ action: 'subscribe', chatIds: ['taken-after'] });
      await until('the row', async () => (await struck()).some((times) => times > 0));
      expect(await stage.outside.rows('Subscriptions', { chatId: 'taken-after' })).toHaveLength(1);
      await takeAwayAll('vera');
      await vera.next(({ message }) => message === 'Internal server error', 'word of the crash');
      expect(await struck()).toEqual([1, 1]);
      await until(
        'the end of the subscription',
        async () => (await stage.outside.rows('Subscriptions', { chatId: 'taken-after' })).length === 0,
      );
      await getsNothing(vera, 'taken-after');
    });
  });

  test('a socket that closes leaves no subscription behind', async () => {
    await stage.outside.grant('left', ['bob']);
    const bob = await stage.open('bob');
    await bob.request({ action: 'subscribe', chatIds: ['left'] });
    expect(await stage.outside.rows('Subscriptions', { chatId: 'left' })).toHaveLength(1);
    await bob.close();
    await until(
      'the end of its subscription',
      async () => (await stage.outside.rows('Subscriptions', { chatId: 'left' })).length === 0,
    );
  });

  test('an action that nobody serves is refused with those that are', async () => {
    expect(await carol.request({ action: 'shout', chatIds: ['plain'] })).toEqual({
      type: 'error',
      error:
        'Unknown action: "shout". Known actions: sendMessage, subscribe, unsubscribe, replay, ping, authenticate, report.',
      statusCode: 400,
      ackId,
    });
  });
});
