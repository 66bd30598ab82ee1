import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeTime } from 'ulid';
import type { Client } from '../../client/index.ts';
import { SendTimeoutError, ServiceError } from '../../client/index.ts';
import { clientOf, connected, eventsIn, type Log } from './connected.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

let service: ServiceDouble;
let client: Client;
let log: Log;
let end: () => Promise<void>;
beforeEach(async () => void ({ service, client, log, end } = await connected()));
afterEach(() => end());

const hello = { chatId: 'chat-1', eventType: 'chat', content: 'hello' };

test('a send resolves with the reply to it', async () => {
  const reply = await client.send({ ...hello, fields: { priority: 'high' } });
  const sent = await service.heard('sendMessage');
  expect(reply).toMatchObject({ message: 'Message sent successfully via WebSocket!', messageId: sent.messageId });
  expect(sent).toMatchObject({ targetChannel: 'WebSocket', payload: { ...hello, priority: 'high' } });
});

test('replies find their requests by ackId, in any order', async () => {
  const release: (() => void)[] = [];
  service.intercept('sendMessage', async (_, usual) => {
    await new Promise<void>((resolve) => release.push(resolve));
    return usual();
  });
  const sends = [1, 2, 3].map((content) => client.send({ ...hello, content }));
  await until('all have arrived', () => release.length === 3);
  for (const go of release.reverse()) go();
  const replies = await Promise.all(sends);
  const byContent = service
    .of('sendMessage')
    .map(({ payload, messageId }) => [(payload as typeof hello).content, messageId]);
  expect(replies.map(({ messageId }, index) => [index + 1, messageId])).toEqual(byContent);
  expect(new Set(service.requests.map(({ ackId }) => ackId)).size).toBe(service.requests.length);
});

test('asking for a number asks for FIFO, which alone has numbers', async () => {
  await client.send({ ...hello, generateSequence: true });
  expect(await service.heard('sendMessage')).toMatchObject({ generateSequence: true, messageType: 'fifo' });
});

describe('tries again, with the same id and the same words,', () => {
  const retried = (): void => {
    const [first, second] = service.of('sendMessage').map(({ messageId, payload }) => ({ messageId, payload }));
    expect(second).toEqual(first);
  };

  test('when the connection is lost before the reply', async () => {
    service.intercept('sendMessage', () => void service.cut(), 1);
    await client.send(hello);
    expect(service.links).toHaveLength(2);
    retried();
  });

  test('when the reply does not come', async () => {
    service.intercept('sendMessage', () => undefined, 1);
    const sending = client.send(hello);
    await service.heard('sendMessage');
    service.clock.advance(10_000);
    await sending;
    expect(service.links).toHaveLength(1);
    retried();
  });

  test('when the service fails', async () => {
    service.intercept('sendMessage', () => ({ type: 'error', statusCode: 500, error: 'Failed' }), 1);
    await client.send(hello);
    retried();
  });

  test('even if the caller changes the object meanwhile', async () => {
    const content = { text: 'as it was' };
    service.intercept('sendMessage', () => {
      content.text = 'changed';
      return { type: 'error', statusCode: 500, error: 'Failed' };
    });
    const sending = client.send({ ...hello, content }, { deadlineMs: 60_000 });
    const closed = expect(sending).rejects.toMatchObject({ code: 'closed' });
    await service.heard('sendMessage', 2);
    retried();
    await client.close();
    await closed;
  });

  test('after 429, no sooner than asked', async () => {
    service.intercept('sendMessage', () => ({ type: 'error', statusCode: 429, error: 'Slow', retryAfterMs: 2_500 }), 1);
    const sending = client.send(hello);
    await until('it waits', () => service.clock.waiting.includes(2_500));
    service.clock.advance(2_499);
    expect(service.of('sendMessage')).toHaveLength(1);
    service.clock.advance(1);
    await sending;
    retried();
  });
});

test('a reply that comes after its attempt was given up is no news', async () => {
  let answerLate = (): void => {};
  service.intercept(
    'sendMessage',
    async (_, usual) => {
      await new Promise<void>((resolve) => (answerLate = resolve));
      return usual();
    },
    1,
  );
  const sending = client.send(hello);
  await service.heard('sendMessage');
  service.clock.advance(10_000);
  await sending;
  answerLate();
  await client.send(hello);
  expect(log.filter(([name]) => name !== 'state')).toEqual([]);
});

test('any other refusal rejects at once, typed', async () => {
  const error = 'Forbidden: You do not have permission to send messages to this chat.';
  service.intercept('sendMessage', () => ({ type: 'error', statusCode: 403, error }));
  const refusal = await client.send(hello).catch((thrown: unknown) => thrown);
  expect(refusal).toBeInstanceOf(ServiceError);
  expect(refusal).toMatchObject({ statusCode: 403, message: error, code: 'service' });
  expect(service.of('sendMessage')).toHaveLength(1);
});

test('at the deadline it rejects with the id, so that the app may try that one again', async () => {
  service.intercept('sendMessage', () => undefined);
  const sending = client.send(hello, { deadlineMs: 5_000 });
  const { messageId } = await service.heard('sendMessage');
  service.clock.advance(5_000);
  const timeout = await sending.catch((thrown: unknown) => thrown);
  expect(timeout).toBeInstanceOf(SendTimeoutError);
  expect(timeout).toMatchObject({ messageId, attempts: 1 });
  service.intercept('sendMessage', (_, usual) => usual());
  await expect(client.send({ ...hello, messageId: messageId as string })).resolves.toMatchObject({ messageId });
});

test('a signal stops it', async () => {
  service.intercept('sendMessage', () => undefined);
  const stop = new AbortController();
  const sending = client.send(hello, { signal: stop.signal });
  await service.heard('sendMessage');
  stop.abort(new Error('left the page'));
  await expect(sending).rejects.toThrow('left the page');
});

test('more than 30 KB is refused here, with the way out', async () => {
  const content = 'ü'.repeat(15 * 1024);
  await expect(client.send({ ...hello, content })).rejects.toMatchObject({
    code: 'too-large',
    message: expect.stringContaining('sendMultiPart'),
  });
  expect(service.of('sendMessage')).toEqual([]);
});

test('a frame that just fits stays within 30 KB with everything in it', async () => {
  const content = 'x'.repeat(30 * 1024 - 230);
  await client.send({ ...hello, content });
  const { link, ...frame } = await service.heard('sendMessage');
  const bytes = Buffer.byteLength(JSON.stringify(frame));
  expect(link).toBeDefined();
  expect(bytes).toBeGreaterThan(30_000);
  expect(bytes).toBeLessThanOrEqual(30 * 1024);
});

test('FIFO messages to a chat leave one at a time, in the order of the calls; others do not wait', async () => {
  const release: (() => void)[] = [];
  service.intercept('sendMessage', async (_, usual) => {
    await new Promise<void>((resolve) => release.push(resolve));
    return usual();
  });
  const contents = (): unknown[] => service.of('sendMessage').map(({ payload }) => (payload as typeof hello).content);
  const sends = [
    client.send({ ...hello, content: 'a1', messageType: 'fifo' }),
    client.send({ ...hello, content: 'a2', messageType: 'fifo' }),
    client.send({ ...hello, content: 'free' }),
    client.send({ ...hello, content: 'b1', messageType: 'fifo', chatId: 'chat-2' }),
  ];
  await until('three have arrived', () => release.length === 3);
  expect(contents()).toEqual(['a1', 'free', 'b1']);
  release.shift()?.();
  await until('the next has arrived', () => release.length === 3);
  expect(contents().at(-1)).toBe('a2');
  for (const go of release) go();
  await Promise.all(sends);
});

test('a FIFO message given up does not hold up, nor let overtake, the next ones', async () => {
  const stop = new AbortController();
  service.intercept('sendMessage', () => undefined, 1);
  const first = client.send({ ...hello, content: 1, messageType: 'fifo' });
  const second = client.send({ ...hello, content: 2, messageType: 'fifo' }, { signal: stop.signal });
  const third = client.send({ ...hello, content: 3, messageType: 'fifo' });
  await service.heard('sendMessage');
  stop.abort(new Error('never mind'));
  await expect(second).rejects.toThrow('never mind');
  expect(service.of('sendMessage')).toHaveLength(1);
  service.clock.advance(10_000);
  await Promise.all([first, third]);
  expect(service.of('sendMessage').map(({ payload }) => (payload as { content: number }).content)).toEqual([1, 1, 3]);
});

test('a send before the connection waits for it', async () => {
  const { client: early } = clientOf(service);
  const sending = early.send(hello);
  await early.connect();
  await expect(sending).resolves.toMatchObject({ targetChannel: 'WebSocket' });
  await early.close();
});

test("ids carry the service's time, however wrong our clock is", async () => {
  service.aheadMs = -7 * 60_000;
  const { client: fast } = clientOf(service);
  await fast.connect();
  const { messageId } = await fast.send(hello);
  expect(decodeTime(messageId)).toBe(service.now());
  await fast.close();
});

test('an untyped failure of API Gateway is told as an error, and the send goes on', async () => {
  service.intercept(
    'sendMessage',
    ({ link }) => void service.tell(link, { message: 'Internal server error', connectionId: 'c', requestId: 'r' }),
    1,
  );
  const sending = client.send(hello);
  await until('it is told', () => eventsIn(log, 'error').length === 1);
  expect(eventsIn(log, 'error')).toMatchObject([{ message: 'Internal server error', statusCode: 500 }]);
  service.clock.advance(10_000);
  await sending;
});
