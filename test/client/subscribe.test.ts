import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client, Message } from '../../client/index.ts';
import { clientOf, connected, eventsIn, type Log } from './connected.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

let service: ServiceDouble;
let client: Client;
let log: Log;
let end: () => Promise<void>;
beforeEach(async () => void ({ service, client, log, end } = await connected()));
afterEach(() => end());

test('messages reach the handler from the moment the subscription is ready', async () => {
  service.commit('chat-1');
  const seen: Message[] = [];
  const { headSequence } = await client.subscribe('chat-1', (message) => seen.push(message)).ready;
  const sent = service.publish('chat-1');
  await until('it is there', () => seen.length > 0);
  expect(headSequence).toBe(1);
  expect(seen).toEqual([sent]);
});

test('batches are unpacked', async () => {
  const seen: unknown[] = [];
  await client.subscribe('chat-1', ({ sequence }) => seen.push(sequence)).ready;
  const messages = [service.commit('chat-1'), service.commit('chat-1')];
  service.open.forEach((link) => service.tell(link, { type: 'batch', messages }));
  await until('both are there', () => seen.length === 2);
  expect(seen).toEqual([1, 2]);
});

test('subscriptions made together share frames of at most 100 chats', async () => {
  const subscriptions = Array.from({ length: 230 }, (_, n) => client.subscribe(`chat-${n}`, () => {}));
  await Promise.all(subscriptions.map(({ ready }) => ready));
  expect(service.of('subscribe').map(({ chatIds }) => (chatIds as string[]).length)).toEqual([100, 100, 30]);
});

test('a subscription made before connecting waits for the connection', async () => {
  const { client: early } = clientOf(service);
  const { ready } = early.subscribe('chat-1', () => {});
  await early.connect();
  await expect(ready).resolves.toEqual({ headSequence: 0 });
  await early.close();
});

test('a chat subscribed in any turn after another one became ready is subscribed, too', async () => {
  for (let turns = 0; turns < 12; turns++) {
    await client.subscribe(`first-${turns}`, () => {}).ready;
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await client.subscribe(`second-${turns}`, () => {}).ready;
  }
});

test('a connection that the service has given up is replaced, and its chats are subscribed on the next', async () => {
  service.intercept('subscribe', () => ({ type: 'error', statusCode: 410, error: 'Gone: open a new one.' }), 1);
  const { ready } = client.subscribe('chat-1', () => {});
  await until('it has connected anew', () => service.links.length > 1);
  await expect(ready).resolves.toEqual({ headSequence: 0 });
  expect(eventsIn(log, 'refused')).toEqual([]);
});

test('a second subscription to a chat, or a name that is none, is a mistake told at once', () => {
  client.subscribe('chat-1', () => {});
  expect(() => client.subscribe('chat-1', () => {})).toThrow('Already subscribed: chat-1');
  expect(() => client.subscribe('no spaces', () => {})).toThrow('Not a chat id: no spaces');
});

test('a refused chat ends alone, told to its holder and as an event', async () => {
  service.intercept('subscribe', (_, usual) => {
    const reply = usual();
    return {
      ...reply,
      chats: (reply?.chats as { chatId: string }[]).filter(({ chatId }) => chatId !== 'secret'),
      refused: [{ chatId: 'secret', error: 'Forbidden: no permission' }],
    };
  });
  const ends: unknown[] = [];
  const open = client.subscribe('chat-1', () => {});
  const secret = client.subscribe('secret', { onMessage: () => {}, onEnd: (error) => ends.push(error) });
  await open.ready;
  await expect(secret.ready).rejects.toMatchObject({ reason: 'refused', chatId: 'secret' });
  expect(ends).toMatchObject([{ reason: 'refused' }]);
  expect(eventsIn(log, 'refused')).toEqual([{ chatId: 'secret', error: 'Forbidden: no permission' }]);
});

test('a refusal that may pass is no end', async () => {
  const busy = { chatId: 'chat-1', error: 'Failed to subscribe', statusCode: 500 };
  service.intercept('subscribe', () => ({ type: 'subscribed', chats: [], refused: [busy] }), 1);
  await client.subscribe('chat-1', () => {}).ready;
  expect(service.of('subscribe')).toHaveLength(2);
});

test('one chat that spoils its frame does not take the others with it', async () => {
  service.intercept('subscribe', ({ chatIds }, usual) =>
    (chatIds as string[]).includes('bad') ? { type: 'error', statusCode: 400, error: 'Invalid chatIds' } : usual(),
  );
  const good = ['a', 'b', 'c'].map((chatId) => client.subscribe(chatId, () => {}));
  const bad = client.subscribe('bad', () => {});
  await Promise.all(good.map(({ ready }) => ready));
  await expect(bad.ready).rejects.toMatchObject({ reason: 'refused' });
});

test('revoked access ends the subscription', async () => {
  const subscription = client.subscribe('chat-1');
  await subscription.ready;
  service.open.forEach((link) =>
    service.tell(link, { type: 'subscription.revoked', chatId: 'chat-1', reason: 'removed' }),
  );
  await expect(subscription[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: 'revoked' });
  expect(eventsIn(log, 'revoked')).toEqual([{ chatId: 'chat-1', reason: 'removed' }]);
});

test('after unsubscribing nothing is delivered', async () => {
  const seen: Message[] = [];
  const subscription = client.subscribe('chat-1', (message) => seen.push(message));
  await subscription.ready;
  subscription.unsubscribe();
  service.publish('chat-1');
  await service.heard('unsubscribe');
  expect(seen).toEqual([]);
});

test('subscribing again waits for the unsubscribe under way, which could undo it', async () => {
  let answerUnsubscribe = (): void => {};
  service.intercept('unsubscribe', async (_, usual) => {
    await new Promise<void>((resolve) => (answerUnsubscribe = resolve));
    return usual();
  });
  await client.subscribe('chat-1', () => {}).ready;
  client.unsubscribe('chat-1');
  await service.heard('unsubscribe');
  const again = client.subscribe('chat-1', () => {});
  await client.send({ chatId: 'chat-1', eventType: 'chat', content: 'time passes' });
  expect(service.of('subscribe')).toHaveLength(1);
  answerUnsubscribe();
  await again.ready;
  expect(service.open[0]?.chats.has('chat-1')).toBe(true);
});

test('a new subscription in the place of an old one starts afresh', async () => {
  await client.subscribe('chat-1', () => {}).ready;
  service.publish('chat-1');
  client.unsubscribe('chat-1');
  const { headSequence } = await client.subscribe('chat-1', () => {}).ready;
  expect(headSequence).toBe(1);
});

test('messages of chats nobody subscribed here are an event: the own channel needs no subscription', async () => {
  service.open.forEach(({ chats }) => chats.add('user-ada'));
  const sent = service.publish('user-ada');
  await until('it is there', () => eventsIn(log, 'message').length > 0);
  expect(eventsIn(log, 'message')).toEqual([sent]);
});

test('what a subscription gets is an event, too: in its order, each once', async () => {
  const seen: Message[] = [];
  await client.subscribe('chat-1', (message) => seen.push(message)).ready;
  const [first, second] = [service.commit('chat-1'), service.commit('chat-1')];
  for (const message of [second, first, first]) service.post(message);
  await until('both are there', () => seen.length === 2);
  expect(seen).toEqual([first, second]);
  expect(eventsIn(log, 'delivered')).toEqual(seen);
});

test('for await reads from the start of the subscription, and leaving the loop unsubscribes', async () => {
  const subscription = client.subscribe('chat-1');
  await subscription.ready;
  service.publish('chat-1');
  service.publish('chat-1');
  const seen: unknown[] = [];
  for await (const { sequence } of subscription) {
    if (seen.push(sequence) === 2) break;
  }
  expect(seen).toEqual([1, 2]);
  await service.heard('unsubscribe');
});

test('a reader that falls 10,000 messages behind is told, not robbed', async () => {
  const subscription = client.subscribe('chat-1');
  await subscription.ready;
  const messages = Array.from({ length: 10_001 }, () => service.commit('chat-1'));
  service.open.forEach((link) => service.tell(link, { type: 'batch', messages }));
  await service.heard('unsubscribe');
  let read = 0;
  const reading = (async () => {
    for await (const message of subscription) read += message ? 1 : 0;
  })();
  await expect(reading).rejects.toMatchObject({ reason: 'slow-reader' });
  expect(read).toBe(10_001);
});

test('a handler that throws stops neither the stream nor other listeners', async () => {
  const seen: unknown[] = [];
  const uncaught: unknown[] = [];
  const report = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (callback) =>
    report(() => {
      try {
        callback();
      } catch (error) {
        uncaught.push(error);
      }
    });
  try {
    const failure = new Error('in the app');
    await client.subscribe('chat-1', ({ sequence }) => {
      seen.push(sequence);
      throw failure;
    }).ready;
    service.publish('chat-1');
    service.publish('chat-1');
    await until('both are there', () => seen.length === 2);
    expect(uncaught).toEqual([failure, failure]);
  } finally {
    globalThis.queueMicrotask = report;
  }
});

test('frames of a later version are an event; what is no frame is an error; both are survived', async () => {
  const [link] = service.open;
  if (!link) throw new Error('not connected');
  service.tell(link, { type: 'presence', chatId: 'chat-1' });
  link.socket.send('not json');
  link.socket.send('[1]');
  await until('all are told', () => eventsIn(log, 'error').length === 2);
  expect(eventsIn(log, 'unknown')).toEqual([{ type: 'presence', chatId: 'chat-1' }]);
  expect(eventsIn(log, 'error')).toMatchObject([{ code: 'bad-frame' }, { code: 'bad-frame' }]);
  expect(client.state).toBe('connected');
});
