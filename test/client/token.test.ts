import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client } from '../../client/index.ts';
import { tokenExpiry } from '../../client/token.ts';
import { clientOf, eventsIn, type Log } from './connected.ts';
import { jwt } from './jwt.ts';
import { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

const LIFE_MS = 30 * 60_000;

let service: ServiceDouble;
let client: Client;
let log: Log;
let reasons: string[];
beforeEach(async () => {
  service = await ServiceDouble.start();
  reasons = [];
  const token = ({ reason }: { reason: string }): string => {
    reasons.push(reason);
    return jwt(service.now() + LIFE_MS, `user-${reasons.length}`);
  };
  ({ client, log } = clientOf(service, { token }));
  await client.connect();
});
afterEach(async () => {
  await client.close();
  await service.stop();
});

const hello = { chatId: 'chat-1', eventType: 'chat', content: 'hello' };

test('is renewed in band two minutes before it ends, again and again', async () => {
  await service.pass(LIFE_MS - 120_000);
  const { token } = await service.heard('authenticate');
  expect(tokenExpiry(String(token))).toBe(service.now() + LIFE_MS);
  expect(reasons.slice(0, 2)).toEqual(['connect', 'renew']);
  await service.pass(LIFE_MS - 120_000);
  await service.heard('authenticate', 2);
  expect(service.links).toHaveLength(1);
});

test('is renewed when the service says that it is about to end', async () => {
  service.open.forEach((link) => service.tell(link, { type: 'token.expiring', expiresAt: 0 }));
  await service.heard('authenticate');
});

test('is renewed when the service says that it has ended, and the send succeeds', async () => {
  const ended = { type: 'error', statusCode: 401, error: 'Unauthorized - token expired' };
  service.intercept('sendMessage', () => ended, 1);
  await client.send(hello);
  expect(service.requests.slice(-3).map(({ action }) => action)).toEqual([
    'sendMessage',
    'authenticate',
    'sendMessage',
  ]);
});

test('still refused after renewal, a send rejects', async () => {
  const nobody = { type: 'error', statusCode: 401, error: 'Unauthorized - No user ID in context' };
  service.intercept('sendMessage', () => nobody);
  await expect(client.send(hello)).rejects.toMatchObject({ statusCode: 401 });
});

test('a renewal that fails is told and tried again', async () => {
  service.intercept('authenticate', () => ({ type: 'error', statusCode: 500, error: 'Failed' }), 1);
  await service.pass(LIFE_MS - 120_000);
  await until('it is told', () => eventsIn(log, 'error').length === 1);
  await service.pass(60_000);
  await service.heard('authenticate', 2);
});

test('a provider that still gives the old token is asked again, no faster than every five seconds', async () => {
  const token = jwt(service.now() + 60_000);
  let asked = 0;
  const { client: stubborn } = clientOf(service, { token: () => (asked++, token) });
  await stubborn.connect();
  await service.pass(59_000);
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThanOrEqual(12);
  expect(service.of('authenticate')).toEqual([]);
  await stubborn.close();
});

test('its end is read from the JWT, and only from one', () => {
  expect(tokenExpiry(jwt(1_767_225_600_000))).toBe(1_767_225_600_000);
  for (const other of ['', 'opaque', 'a.b.c', `a.${btoa('{"exp":"soon"}')}.c`])
    expect(tokenExpiry(other)).toBe(Infinity);
});
