import { Stage } from '../setup/stage.ts';
import type { TestSocket } from '../setup/socket.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';

const listeners = ['ada', 'bob', 'carol', 'olga', 'vera', 'mallory'];

/** FAN_OUT threshold of the `test` environment. */
const threshold = 50;

/**
 * A chat that grows past what one function serves. From then on its messages go through the workers of its slots, and
 * nobody should see a difference.
 */
describe('a chat that becomes large', () => {
  let stage: Stage;
  let tables: Tables;

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
  });
  afterAll(async () => {
    tables.close();
    await stage.close();
  });
  afterEach(() => stage.edge.mend());

  async function connect(chatId: string, socketsEach: number): Promise<TestSocket[]> {
    await stage.outside.grant(chatId, listeners);
    const sockets: TestSocket[] = [];
    for (let round = 0; round < socketsEach; round += 1) {
      sockets.push(...(await Promise.all(listeners.map((username) => stage.open(username, chatId)))));
    }
    return sockets;
  }

  /** Numbered messages, in batches, without waiting for anyone. */
  async function say(chatId: string, from: number, to: number): Promise<string[]> {
    const contents = Array.from({ length: to - from }, (_, index) => `message ${from + index}`);
    for (let start = 0; start < contents.length; start += 10) {
      await stage.publish('Fifo', chatId, contents.slice(start, start + 10), { generateSequence: true });
    }
    return contents;
  }

  /**
   * What a socket received of so many numbered messages, each once. They come in their order as long as no post fails; on
   * a machine so busy that one takes longer than a second, that frame comes later by itself, and its number tells where to.
   */
  async function received(socket: TestSocket, contents: string[], first = 1): Promise<void> {
    const numbers = (): number[] => [...new Set(socket.messages().map(({ sequence }) => Number(sequence)))];
    await until('every number', () => numbers().length >= contents.length, 60_000);
    const retried = (await stage.edge.count('delivery-retry', 'PostToConnection')) > 0;
    const inOrder = retried ? numbers().sort((a, b) => a - b) : numbers();
    expect(inOrder).toEqual(contents.map((_content, index) => first + index));
    const byNumber = new Map(socket.messages().map(({ sequence, content }) => [Number(sequence), content]));
    expect(inOrder.map((number) => byNumber.get(number))).toEqual(contents);
  }

  const isLarge = async (chatId: string): Promise<boolean> =>
    (await stage.outside.rows('Subscriptions', { chatId })).some(({ subscriber }) => subscriber === '!large');

  test('everyone gets every message once and in order, before, while and after it grows', async () => {
    const chatId = 'growing';
    const first = await connect(chatId, 8);
    expect(first.length).toBeLessThanOrEqual(threshold);
    const before = await say(chatId, 0, 20);
    for (const socket of first) await received(socket, before);
    expect(await isLarge(chatId)).toBe(false);

    const more = await connect(chatId, 1);
    const after = await say(chatId, 20, 60);
    for (const socket of first) await received(socket, [...before, ...after]);
    for (const socket of more) await received(socket, after, before.length + 1);
    expect(await isLarge(chatId)).toBe(true);
    expect(await stage.edge.count('fan-out', 'PostToConnection')).toBeGreaterThanOrEqual(after.length * threshold);
    for (const socket of [...first, ...more]) await socket.close();
  }, 180_000);

  test('a worker that fails or dies holds up its own slots only, and nothing is lost or overtaken', async () => {
    const chatId = 'troubled';
    await tables.put('Subscriptions', { chatId, subscriber: '!large', since: new Date().toISOString() });
    const sockets = await connect(chatId, 2);
    const query = { service: 'dynamodb', action: 'Query', role: 'fan-out' };
    await stage.edge.break({ ...query, times: 3, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    await stage.edge.break({ ...query, times: 1, fault: { crash: true } });
    const contents = await say(chatId, 0, 30);
    for (const socket of sockets) await received(socket, contents);
    for (const socket of sockets) await socket.close();
  }, 180_000);
});
