import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client } from '../../client/index.ts';
import { clientOf, connected, eventsIn, type Log } from './connected.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

let service: ServiceDouble;
let client: Client;
let log: Log;
let end: () => Promise<void>;
beforeEach(async () => void ({ service, client, log, end } = await connected()));
afterEach(() => end());

test('pings every minute', async () => {
  for (let minute = 2; minute <= 5; minute++) {
    await until('the next ping is planned', () => service.clock.waiting.includes(60_000));
    service.clock.advance(60_000);
    await service.heard('ping', minute);
  }
  expect(service.links).toHaveLength(1);
});

test('pings within the ten minutes API Gateway allows, whatever is asked for', async () => {
  const { client: lazy } = clientOf(service, { heartbeatMs: 3_600_000 });
  await lazy.connect();
  expect(service.clock.waiting).toContain(540_000);
  await lazy.close();
});

test('a ping carries the positions of at most 50 chats; more chats, more pings', async () => {
  const chatIds = Array.from({ length: 120 }, (_, n) => `chat-${n}`);
  service.commit('chat-7');
  await Promise.all(chatIds.map((chatId) => client.subscribe(chatId, () => {}).ready));
  client.wake();
  await service.heard('ping', 4);
  const positions = service
    .of('ping')
    .slice(1)
    .map((ping) => ping.positions as Record<string, number>);
  expect(positions.map((some) => Object.keys(some).length)).toEqual([50, 50, 20]);
  expect(positions[0]).toMatchObject({ 'chat-6': 0, 'chat-7': 1 });
});

test('a socket that is silent is dead: it is replaced without waiting for it to close', async () => {
  service.intercept('ping', () => undefined, 1);
  client.wake();
  await service.heard('ping', 2);
  service.clock.advance(9_999);
  expect(client.state).toBe('connected');
  service.clock.advance(1);
  await until('it is back', () => client.state === 'connected' && service.links.length === 2);
  expect(eventsIn(log, 'state').map(({ state }) => state)).toEqual([
    'connecting',
    'connected',
    'reconnecting',
    'connected',
  ]);
});

test('an error in reply to a ping is a sign of life', async () => {
  service.intercept('ping', () => ({ type: 'error', statusCode: 500, error: 'Failed' }), 1);
  client.wake();
  await service.heard('ping', 2);
  await until('the next ping is planned', () => service.clock.waiting.includes(60_000));
  service.clock.advance(60_000);
  await service.heard('ping', 3);
  expect(service.links).toHaveLength(1);
});

test('a send without a reply has the socket checked at once', async () => {
  service.intercept('sendMessage', () => undefined, 1);
  const sending = client.send({ chatId: 'chat-1', eventType: 'chat', content: 'hi' });
  await service.heard('sendMessage');
  service.clock.advance(10_000);
  await service.heard('ping', 2);
  await sending;
});

test('a socket that opens but does not answer counts as none', async () => {
  service.intercept('ping', () => undefined, 1);
  const { client: other } = clientOf(service);
  const connecting = other.connect();
  await service.heard('ping', 2);
  expect(other.state).toBe('connecting');
  service.clock.advance(10_000);
  await connecting;
  expect(service.links).toHaveLength(3);
  await other.close();
});
