import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client } from '../../client/index.ts';
import { connected, eventsIn, type Log } from './connected.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

const ROTATE_AFTER_MS = 110 * 60_000;

let service: ServiceDouble;
let client: Client;
let log: Log;
let end: () => Promise<void>;
let seen: number[];
beforeEach(async () => {
  ({ service, client, log, end } = await connected());
  seen = [];
  await client.subscribe('chat-1', ({ sequence = 0 }) => seen.push(sequence)).ready;
});
afterEach(() => end());

async function replaced(): Promise<void> {
  await until('only the second socket is open', () => service.links.length === 2 && service.open.length === 1);
}

test('a socket is replaced before API Gateway ends it, without a moment of absence', async () => {
  await service.pass(ROTATE_AFTER_MS);
  await replaced();
  expect(eventsIn(log, 'state').map(({ state }) => state)).toEqual(['connecting', 'connected']);
  service.publish('chat-1');
  await until('it is there', () => seen.length > 0);
  expect(seen).toEqual([1]);
});

test('the old socket stays until the new one has its subscriptions; what both bring is delivered once', async () => {
  let answer = (): void => {};
  service.intercept('subscribe', async (_, usual) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return usual();
  });
  await service.pass(ROTATE_AFTER_MS);
  await service.heard('subscribe', 2);
  expect(service.open).toHaveLength(2);
  service.publish('chat-1');
  await until('the old socket brings it', () => seen.length === 1);
  service.open.forEach(({ chats }) => chats.add('chat-1'));
  service.publish('chat-1');
  answer();
  await replaced();
  service.publish('chat-1');
  await until('the new socket goes on', () => seen.length === 3);
  expect(seen).toEqual([1, 2, 3]);
});

test('a reply under way on the old socket is waited for', async () => {
  let answer = (): void => {};
  service.intercept('sendMessage', async (_, usual) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return usual();
  });
  await service.pass(ROTATE_AFTER_MS - 1_000);
  const sending = client.send({ chatId: 'chat-1', eventType: 'chat', content: 'hi' });
  const { link } = await service.heard('sendMessage');
  await service.pass(1_000);
  await until('there is a second socket', () => service.links.length === 2);
  answer();
  await expect(sending).resolves.toMatchObject({ targetChannel: 'WebSocket' });
  expect(link).toBe(service.links[0]);
  await replaced();
});

test('when the replacement is refused, the old socket serves on, and it is tried again', async () => {
  service.refusals.push(503, 503);
  await service.pass(ROTATE_AFTER_MS);
  await replaced();
  expect(eventsIn(log, 'error')).toHaveLength(2);
  expect(eventsIn(log, 'state').map(({ state }) => state)).toEqual(['connecting', 'connected']);
});

test('when the old socket is lost meanwhile, the new one takes over at once', async () => {
  service.intercept('subscribe', () => void service.links[0]?.socket.terminate(), 1);
  await service.pass(ROTATE_AFTER_MS);
  await until('it is back', () => eventsIn(log, 'state').length === 4);
  expect(eventsIn(log, 'state').map(({ state }) => state)).toEqual([
    'connecting',
    'connected',
    'reconnecting',
    'connected',
  ]);
  // The new socket's subscribe was never answered: it is asked again.
  service.clock.advance(10_000);
  await service.heard('subscribe', 3);
  service.publish('chat-1');
  await until('it is there', () => seen.length > 0);
  expect(seen).toEqual([1]);
});

test('closing in the middle of it closes both', async () => {
  service.intercept('subscribe', () => undefined);
  await service.pass(ROTATE_AFTER_MS);
  await service.heard('subscribe', 2);
  await client.close();
  await until('both are closed', () => service.open.length === 0);
  expect(service.clock.waiting).toEqual([]);
});
