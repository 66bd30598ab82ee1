import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Client, ClientOptions } from '../../client/index.ts';
import { connected, eventsIn, type Log } from './connected.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

let service: ServiceDouble;
let client: Client;
let log: Log;
let end: () => Promise<void>;
let seen: (number | string)[];

async function start(options: Partial<ClientOptions> = {}): Promise<void> {
  ({ service, client, log, end } = await connected(options));
  seen = [];
}

async function subscribed(): Promise<void> {
  await client.subscribe('chat-1', ({ sequence, messageId }) => seen.push(sequence ?? messageId)).ready;
}

const delivered = (count: number): Promise<boolean> => until(`${count} are delivered`, () => seen.length >= count);

beforeEach(() => start());
afterEach(() => end());

test('a lost message is replayed over the same socket, in order', async () => {
  await subscribed();
  service.publish('chat-1');
  service.commit('chat-1');
  service.commit('chat-1');
  service.publish('chat-1');
  await delivered(4);
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(await service.heard('replay')).toMatchObject({ chatId: 'chat-1', fromSequence: 2, toSequence: 3 });
  expect(service.of('replay')).toHaveLength(1);
  expect(service.links).toHaveLength(1);
  await until('it is told', () => eventsIn(log, 'gapFilled').length > 0);
  expect(eventsIn(log, 'gap')).toEqual([{ chatId: 'chat-1', from: 2, to: 3 }]);
  expect(eventsIn(log, 'gapFilled')).toEqual([{ chatId: 'chat-1', from: 2, to: 3 }]);
});

test('a gap that closes by itself in time costs no replay', async () => {
  await end();
  await start({ gapDelayMs: 250 });
  await subscribed();
  const [first, second] = [service.commit('chat-1'), service.commit('chat-1')];
  service.post(second);
  await until('the gap is noticed', () => service.clock.waiting.includes(250));
  service.post(first);
  await delivered(2);
  service.clock.advance(250);
  service.publish('chat-1');
  await delivered(3);
  expect(seen).toEqual([1, 2, 3]);
  expect(service.of('replay')).toEqual([]);
});

test('repeats are dropped, numbered or not', async () => {
  await subscribed();
  const numbered = service.publish('chat-1');
  const plain = service.publish('chat-1', { sequenced: false });
  for (const message of [plain, numbered, plain]) service.post(message);
  service.publish('chat-1');
  await delivered(3);
  expect(seen).toEqual([1, plain.messageId, 2]);
});

test('a long gap comes page by page', async () => {
  await subscribed();
  service.pageSize = 3;
  for (let count = 0; count < 10; count++) service.commit('chat-1');
  service.publish('chat-1');
  await delivered(11);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(service.of('replay')).toHaveLength(4);
});

test('history that no longer holds the beginning: told, and delivery goes on', async () => {
  await subscribed();
  for (let count = 0; count < 5; count++) service.commit('chat-1');
  service.chat('chat-1').history.splice(0, 3);
  service.publish('chat-1');
  await delivered(3);
  expect(seen).toEqual([4, 5, 6]);
  expect(eventsIn(log, 'truncated')).toEqual([{ chatId: 'chat-1', from: 1, to: 3, reason: 'expired' }]);
});

test('a hole in the middle of complete history is told, and delivery goes on', async () => {
  await subscribed();
  for (let count = 0; count < 5; count++) service.commit('chat-1');
  service.chat('chat-1').history.splice(2, 2);
  service.publish('chat-1');
  await delivered(4);
  expect(seen).toEqual([1, 2, 5, 6]);
  expect(eventsIn(log, 'truncated')).toEqual([{ chatId: 'chat-1', from: 3, to: 4, reason: 'expired' }]);
});

test('all of history gone: told, and delivery goes on', async () => {
  await subscribed();
  service.commit('chat-1');
  service.commit('chat-1');
  service.chat('chat-1').history.splice(0);
  service.publish('chat-1');
  await delivered(1);
  expect(seen).toEqual([3]);
  expect(eventsIn(log, 'truncated')).toEqual([{ chatId: 'chat-1', from: 1, to: 2, reason: 'expired' }]);
});

describe('an index that lags', () => {
  test('is asked again, and its lowest number is not believed', async () => {
    await subscribed();
    service.commit('chat-1');
    service.commit('chat-1');
    service.intercept('replay', (_, usual) => ({ ...usual(), messages: [], firstSequence: 3, complete: false }), 2);
    service.publish('chat-1');
    await delivered(3);
    expect(seen).toEqual([1, 2, 3]);
    expect(eventsIn(log, 'truncated')).toEqual([]);
  });

  test('for good is given up, and told', async () => {
    await subscribed();
    service.commit('chat-1');
    service.intercept('replay', (_, usual) => ({ ...usual(), messages: [], complete: false }));
    service.publish('chat-1');
    await delivered(1);
    expect(seen).toEqual([2]);
    expect(service.of('replay')).toHaveLength(13);
    expect(eventsIn(log, 'truncated')).toEqual([{ chatId: 'chat-1', from: 1, to: 1, reason: 'unavailable' }]);
  });
});

test('a replay that fails, stays away or is throttled is asked again', async () => {
  await subscribed();
  service.commit('chat-1');
  service.intercept('replay', () => undefined, 1);
  service.publish('chat-1');
  await service.heard('replay');
  service.intercept('replay', () => ({ type: 'error', statusCode: 500, error: 'Failed to replay' }), 1);
  service.clock.advance(10_000);
  await service.heard('replay', 2);
  await delivered(2);
  expect(seen).toEqual([1, 2]);
});

test('a message that overtakes its replay is delivered once', async () => {
  await subscribed();
  const lost = service.commit('chat-1');
  service.intercept('replay', (_, usual) => {
    service.post(lost);
    return usual();
  });
  service.publish('chat-1');
  service.publish('chat-1');
  await delivered(3);
  expect(seen).toEqual([1, 2, 3]);
});

test('a lost last message is found by the next pong', async () => {
  await subscribed();
  service.publish('chat-1');
  service.commit('chat-1');
  await delivered(1);
  client.wake();
  await delivered(2);
  expect(seen).toEqual([1, 2]);
});

test('a lost subscription is found by the next pong, made again, and what it missed replayed', async () => {
  await subscribed();
  service.open.forEach(({ chats }) => chats.clear());
  service.publish('chat-1');
  const plain = service.publish('chat-1', { sequenced: false });
  client.wake();
  await delivered(2);
  expect(new Set(seen)).toEqual(new Set([1, plain.messageId]));
  expect(service.of('subscribe')).toHaveLength(2);
});

test('a chat numbered anew: told, and delivery goes on from its new head', async () => {
  await subscribed();
  for (let count = 0; count < 5; count++) service.publish('chat-1');
  await delivered(5);
  // As after restoring a backup: what followed it is gone, and its numbers are given anew.
  service.chat('chat-1').head = 1;
  service.chat('chat-1').history.splice(1);
  service.cut();
  await service.heard('subscribe', 2);
  await until('it is told', () => eventsIn(log, 'truncated').length > 0);
  service.publish('chat-1');
  await delivered(6);
  expect(seen).toEqual([1, 2, 3, 4, 5, 2]);
  expect(eventsIn(log, 'truncated')).toEqual([{ chatId: 'chat-1', from: 2, to: 5, reason: 'reset' }]);
});

test('at most four replays are under way at once', async () => {
  const chatIds = Array.from({ length: 12 }, (_, n) => `chat-${n}`);
  let under = 0;
  let most = 0;
  service.intercept('replay', async (_, usual) => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setImmediate(resolve));
    under--;
    return usual();
  });
  const subscriptions = chatIds.map((chatId) => client.subscribe(chatId, ({ chatId: from }) => seen.push(from)));
  await Promise.all(subscriptions.map(({ ready }) => ready));
  for (const chatId of chatIds) {
    service.commit(chatId);
    service.publish(chatId);
  }
  await delivered(24);
  expect(most).toBe(4);
});
