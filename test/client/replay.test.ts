import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client } from '../../client/index.ts';
import { ulidBefore } from '../../client/ulid.ts';
import { connected } from './connected.ts';
import type { ServiceDouble } from './service-double.ts';

let service: ServiceDouble;
let client: Client;
let end: () => Promise<void>;
beforeEach(async () => void ({ service, client, end } = await connected()));
afterEach(() => end());

test('a page of history, by number or by id, of a chat that need not be subscribed', async () => {
  const [, second, third] = [1, 2, 3].map(() => service.commit('chat-1'));
  service.pageSize = 1;
  await expect(client.replay('chat-1', { fromSequence: 2, toSequence: 3 })).resolves.toMatchObject({
    messages: [second],
    complete: false,
    nextSequence: 3,
    headSequence: 3,
  });
  const afterMessageId = ulidBefore(third?.messageId ?? '');
  await expect(client.replay('chat-1', { afterMessageId })).resolves.toMatchObject({
    messages: [third],
    complete: true,
  });
});

test('it is asked for again over the next connection, and when the service fails', async () => {
  const message = service.commit('chat-1');
  service.intercept('replay', () => ({ type: 'error', statusCode: 500, error: 'Failed to replay messages' }), 1);
  service.intercept('replay', () => void service.cut(), 1);
  await expect(client.replay('chat-1', { fromSequence: 1 })).resolves.toMatchObject({ messages: [message] });
  expect(service.links).toHaveLength(2);
  expect(service.of('replay')).toHaveLength(3);
});

test('any other refusal rejects at once, and so does closing', async () => {
  service.intercept('replay', () => ({ type: 'error', statusCode: 403, error: 'Forbidden' }), 1);
  await expect(client.replay('chat-1', { fromSequence: 1 })).rejects.toMatchObject({ statusCode: 403 });
  service.intercept('replay', () => undefined);
  const asked = expect(client.replay('chat-1', { fromSequence: 1 })).rejects.toMatchObject({ code: 'closed' });
  await service.heard('replay', 2);
  await client.close();
  await asked;
});
