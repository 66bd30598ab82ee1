import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WebSocket as WsWebSocket } from 'ws';
import { ConnectionRefusedError, NotificationError, type SocketConstructor } from '../../client/index.ts';
import { clientOf, eventsIn } from './connected.ts';
import { jwt } from './jwt.ts';
import { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

let service: ServiceDouble;
beforeEach(async () => void (service = await ServiceDouble.start()));
afterEach(() => service.stop());

test('the token travels as a subprotocol, never in the URL; batches are asked for there', async () => {
  const token = jwt(service.now() + 3_600_000);
  const { client } = clientOf(service, { token: () => token });
  await client.connect();
  expect(service.links[0]?.token).toBe(token);
  expect(service.links[0]?.url.search).toBe('?frames=batch');
  await client.close();
});

test('single frames are the default of the service: nothing is asked for', async () => {
  const { client } = clientOf(service, { frames: 'single' });
  await client.connect();
  expect(service.links[0]?.url.search).toBe('');
  await client.close();
});

test("the platform's own WebSocket serves when none is given", async () => {
  const { client } = clientOf(service, { WebSocket: undefined });
  await client.connect();
  const { headSequence } = await client.subscribe('chat-1', () => {}).ready;
  expect(headSequence).toBe(0);
  await client.close();
});

test('the WebSocket of browsers and that of ws both fit', () => {
  const constructors: SocketConstructor[] = [globalThis.WebSocket, WsWebSocket];
  expect(constructors).toHaveLength(2);
});

test('states go idle, connecting, connected, reconnecting, connected, closed', async () => {
  const { client, log } = clientOf(service);
  expect(client.state).toBe('idle');
  await client.connect();
  service.cut();
  await until('a second socket is open', () => service.links.length === 2 && client.state === 'connected');
  await client.close();
  const states = eventsIn(log, 'state').map(({ state }) => state);
  expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected', 'closed']);
});

test('a connection that breaks while opening is tried again', async () => {
  service.refusals.push(0, 0, 503);
  const { client, log } = clientOf(service);
  await client.connect();
  expect(eventsIn(log, 'error').map((error) => (error as ConnectionRefusedError).reason)).toEqual([
    'unknown',
    'unknown',
    'unknown',
  ]);
  await client.close();
});

test('the back-off grows exponentially, jittered in full, up to its cap', async () => {
  service.refusals.push(0, 0, 0, 0);
  const { client } = clientOf(service, { random: () => 0.5, backoff: { baseMs: 1_000, capMs: 3_000 } });
  const connecting = client.connect();
  for (const delay of [500, 1_000, 1_500, 1_500]) {
    await until(`a wait of ${delay} ms`, () => service.clock.waiting.join() === String(delay));
    service.clock.advance(delay);
  }
  await connecting;
  await client.close();
});

test('a socket that does not open in time is given up', async () => {
  const sockets: string[] = [];
  class NeverOpens {
    onopen = null;
    onmessage = null;
    onerror = null;
    onclose = null;
    constructor(url: string) {
      sockets.push(url);
    }
    send(): void {}
    close(): void {}
  }
  const { client } = clientOf(service, { WebSocket: NeverOpens });
  const connecting = client.connect();
  connecting.catch(() => {});
  await until('the first try', () => sockets.length === 1);
  service.clock.advance(10_000);
  await until('the second try', () => sockets.length === 2);
  const closing = client.close();
  service.clock.advance(2_000);
  await closing;
  await expect(connecting).rejects.toMatchObject({ code: 'closed' });
});

test('two tokens refused in a row end it; the second was asked for as a fresh one', async () => {
  service.refusals.push(401, 401);
  const reasons: string[] = [];
  const token = ({ reason }: { reason: string }): string => {
    reasons.push(reason);
    return jwt(service.now() + 3_600_000);
  };
  const { client } = clientOf(service, { token });
  const waiting = client.send({ chatId: 'chat-1', eventType: 'chat', content: 'hi' });
  waiting.catch(() => {});
  await expect(client.connect()).rejects.toBeInstanceOf(ConnectionRefusedError);
  await expect(waiting).rejects.toMatchObject({ code: 'connection-refused', reason: 'unauthorized', status: 401 });
  expect(client.state).toBe('closed');
  expect(reasons).toEqual(['connect', 'refused']);
});

test('after a refusal for good, connect starts anew', async () => {
  service.refusals.push(401, 401);
  const { client } = clientOf(service);
  await expect(client.connect()).rejects.toThrow('unauthorized');
  await client.connect();
  expect(client.state).toBe('connected');
  await client.close();
});

test('403 may pass (too many connections): it is tried again', async () => {
  service.refusals.push(403, 403, 403);
  const { client, log } = clientOf(service);
  await client.connect();
  expect(eventsIn(log, 'error')).toMatchObject([
    { reason: 'forbidden' },
    { reason: 'forbidden' },
    { reason: 'forbidden' },
  ]);
  await client.close();
});

test('where the socket does not tell why, the probe does', async () => {
  service.refusals.push(0, 0);
  const statuses = [new Error('no network'), 401];
  const probe = async (): Promise<number> => {
    const status = statuses.shift();
    if (typeof status === 'number') return status;
    throw status;
  };
  const { client, log } = clientOf(service, { probe });
  await client.connect();
  expect(eventsIn(log, 'error')).toMatchObject([{ reason: 'unreachable' }, { reason: 'unauthorized', status: 401 }]);
  await client.close();
});

test('a token that has ended is not even tried', async () => {
  const tokens = [jwt(service.now() - 1_000), jwt(service.now() + 3_600_000)];
  const { client, log } = clientOf(service, { token: () => tokens.shift() ?? '' });
  await client.connect();
  expect(service.links).toHaveLength(1);
  expect(eventsIn(log, 'error')).toMatchObject([{ reason: 'token-expired' }]);
  await client.close();
});

test('a token provider that fails is asked again', async () => {
  let asked = 0;
  const { client, log } = clientOf(service, {
    token: async () => {
      if (asked++ === 0) throw new Error('offline');
      return jwt(service.now() + 3_600_000);
    },
  });
  await client.connect();
  expect(eventsIn(log, 'error')).toMatchObject([{ code: 'token', cause: { message: 'offline' } }]);
  await client.close();
});

test('close settles everything, closes the socket and leaves no timer', async () => {
  const { client, log } = clientOf(service);
  await client.connect();
  service.intercept('sendMessage', () => undefined);
  service.intercept('subscribe', () => undefined);
  const subscription = client.subscribe('chat-1');
  const reading = subscription[Symbol.asyncIterator]().next();
  const sending = client.send({ chatId: 'chat-1', eventType: 'chat', content: 'hi' });
  const outcomes = Promise.allSettled([sending, subscription.ready, reading]);
  await service.heard('sendMessage');
  await service.heard('subscribe');
  await client.close();
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: { code: 'closed' } },
    { status: 'rejected', reason: { code: 'subscription-ended' } },
    { status: 'fulfilled', value: { done: true } },
  ]);
  await expect(client.send({ chatId: 'c', eventType: 'e', content: 1 })).rejects.toBeInstanceOf(NotificationError);
  await until('the service sees it closed', () => service.open.length === 0);
  expect(service.clock.waiting).toEqual([]);
  expect(eventsIn(log, 'error')).toEqual([]);
});

test('nothing is delivered after close, though the socket still closes', async () => {
  const { client, log } = clientOf(service);
  await client.connect();
  service.open.forEach(({ chats }) => chats.add('user-ada'));
  service.publish('user-ada');
  await client.close();
  expect(eventsIn(log, 'message')).toEqual([]);
});

test('close while connecting leaves nothing behind', async () => {
  const { client } = clientOf(service);
  const connecting = client.connect();
  await Promise.all([expect(connecting).rejects.toMatchObject({ code: 'closed' }), client.close()]);
  expect(client.state).toBe('closed');
  expect(service.clock.waiting).toEqual([]);
});

test('wake reconnects at once instead of after the back-off', async () => {
  const { client } = clientOf(service, { random: () => 0.999 });
  await client.connect();
  service.cut();
  await until('it waits', () => client.state === 'reconnecting' && service.clock.waiting.length === 1);
  client.wake();
  await until('it is back', () => client.state === 'connected');
  await client.close();
});
