import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Client, Message } from '../../client/index.ts';
import { ServiceError } from '../../client/index.ts';
import { type MultiPartProgress, type SendMultiPartOptions, sendMultiPart } from '../../client/multipart/index.ts';
import { connected } from './connected.ts';
import { Relay, SENDER } from './relay.ts';
import type { Request, ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

const chatId = 'chat-1';
let service: ServiceDouble;
let client: Client;
let end: () => Promise<void>;
beforeEach(async () => void ({ service, client, end } = await connected()));
afterEach(() => end());

const send = (content: unknown, options: SendMultiPartOptions = {}) => sendMultiPart(client, chatId, content, options);
const payloads = (): Message[] => service.of('sendMessage').map(({ payload }) => payload as unknown as Message);
const numbers = (): (number | undefined)[] => payloads().map((part) => part.multiPartMetadata?.partNumber);

test('each part says what the whole is and which part it is', async () => {
  const { groupId, messageIds } = await send('Grüße!', { partSize: 5, name: 'greeting.txt', mediaType: 'text/plain' });
  expect(groupId).toMatch(/^[0-9a-f]{32}$/);
  const sha256 = createHash('sha256').update('Grüße!').digest('hex');
  const multiPartContent = { encoding: 'text', size: 8, sha256, name: 'greeting.txt', mediaType: 'text/plain' };
  const part = (content: string, partNumber: number): object => ({
    chatId,
    eventType: 'part',
    content,
    multiPartContent,
    multiPartMetadata: { groupId, totalParts: 2, partNumber },
  });
  expect(payloads().sort(byNumber)).toEqual([part('Grü', 1), part('ße!', 2)]);
  expect(
    service
      .of('sendMessage')
      .sort(bySent)
      .map(({ messageId }) => messageId),
  ).toEqual(messageIds);
});

test('bytes go as base 64, JSON as its text; all with the type, fields and group that were asked for', async () => {
  await send(new Uint8Array([1, 2, 3, 4]), { partSize: 3, groupId: 'mine', eventType: 'file', fields: { album: 7 } });
  expect(payloads().sort(byNumber)).toMatchObject([
    { content: 'AQID', eventType: 'file', album: 7, multiPartMetadata: { groupId: 'mine' } },
    { content: 'BA==', multiPartContent: { encoding: 'base64', size: 4 } },
  ]);
  service.requests.length = 0;
  await send({ a: [1, null] });
  expect(payloads()).toMatchObject([{ content: '{"a":[1,null]}', multiPartContent: { encoding: 'json' } }]);
});

test('a File brings its name and type, a view only the bytes it shows', async () => {
  await send(new File(['abc'], 'abc.txt', { type: 'text/css' }));
  await send(new Blob(['abc']), { name: 'x' });
  await send(new DataView(new Uint8Array([7, 1, 2, 3, 7]).buffer, 1, 3));
  await send(new Uint8Array([1, 2, 3]).buffer);
  expect(payloads().map(({ content, multiPartContent }) => [content, multiPartContent])).toMatchObject([
    ['YWJj', { name: 'abc.txt', mediaType: 'text/css', size: 3 }],
    ['YWJj', { name: 'x', size: 3 }],
    ['AQID', { size: 3 }],
    ['AQID', { size: 3 }],
  ]);
});

test('without crypto.subtle, as on a page that is not secure, parts carry no hash', async () => {
  const { subtle } = crypto;
  Object.defineProperty(crypto, 'subtle', { value: undefined, configurable: true });
  try {
    await send('text');
  } finally {
    Object.defineProperty(crypto, 'subtle', { value: subtle, configurable: true });
  }
  expect(payloads()[0]?.multiPartContent).toEqual({ encoding: 'text', size: 4 });
});

test('progress is told at the start, and as parts are taken', async () => {
  const told: MultiPartProgress[] = [];
  await send('abcdefg', { partSize: 3, messageType: 'fifo', onProgress: (progress) => told.push(progress) });
  const all = { totalParts: 3, totalBytes: 7 };
  expect(told).toEqual([
    { sentParts: 0, sentBytes: 0, ...all },
    { sentParts: 1, sentBytes: 3, ...all },
    { sentParts: 2, sentBytes: 6, ...all },
    { sentParts: 3, sentBytes: 7, ...all },
  ]);
});

test('a few parts are under way at once; FIFO parts leave one at a time, in order', async () => {
  const release: (() => void)[] = [];
  service.intercept('sendMessage', async (_, usual) => {
    await new Promise<void>((resolve) => release.push(resolve));
    return usual();
  });
  const sending = send('abcdefg', { partSize: 1 });
  await until('four are on their way', () => release.length === 4);
  await client.replay(chatId, { fromSequence: 1 });
  expect(release).toHaveLength(4);
  for (let sent = 0; sent < 7; sent++) {
    await until('another is on its way', () => release.length > sent);
    release[sent]?.();
  }
  await sending;

  service.requests.length = release.length = 0;
  const ordered = send('abc', { partSize: 1, messageType: 'fifo', generateSequence: true, messageGroupId: 'g' });
  for (let sent = 0; sent < 3; sent++) {
    await until('the next is on its way', () => release.length > sent);
    expect(numbers()).toEqual([1, 2, 3].slice(0, sent + 1));
    release[sent]?.();
  }
  await ordered;
  expect(service.of('sendMessage')[0]).toMatchObject({
    messageType: 'fifo',
    generateSequence: true,
    messageGroupId: 'g',
  });
});

describe('each part is tried again as the same part', () => {
  test.each([
    ['when the connection is lost', () => void service.cut()],
    ['when the service fails', () => ({ type: 'error', statusCode: 500, error: 'Failed' })],
  ])('%s', async (_when, answer) => {
    let failures = 2;
    service.intercept('sendMessage', (_request, usual) => (failures-- > 0 ? answer() : usual()));
    const { messageIds } = await send('abcdefgh', { partSize: 1 });
    const ids = new Map<number | undefined, Set<unknown>>();
    for (const { payload, messageId } of service.of('sendMessage')) {
      const number = (payload as unknown as Message).multiPartMetadata?.partNumber;
      ids.set(number, (ids.get(number) ?? new Set()).add(messageId));
    }
    expect(service.of('sendMessage').length).toBeGreaterThan(8);
    expect([...ids].sort(([one = 0], [other = 0]) => one - other).map(([, each]) => [...each])).toEqual(
      messageIds.map((messageId) => [messageId]),
    );
  });

  test('after 429, no sooner than asked', async () => {
    service.intercept(
      'sendMessage',
      () => ({ type: 'error', statusCode: 429, error: 'Too many requests', retryAfterMs: 6_000 }),
      4,
    );
    const sending = send('abcdef', { partSize: 1 });
    await until('all four wait', () => service.clock.waiting.filter((ms) => ms === 6_000).length === 4);
    service.clock.advance(5_999);
    expect(service.of('sendMessage')).toHaveLength(4);
    service.clock.advance(1);
    await sending;
    expect(service.of('sendMessage')).toHaveLength(10);
  });

  test('for 4 minutes, or as long as asked', async () => {
    service.intercept('sendMessage', () => undefined);
    const brief = expect(send('a', { deadlineMs: 1_000 })).rejects.toMatchObject({ code: 'timeout' });
    const usual = expect(send('a')).rejects.toMatchObject({ code: 'timeout' });
    await service.heard('sendMessage', 2);
    await service.pass(1_000);
    await brief;
    await service.pass(238_000);
    expect(service.of('sendMessage').length).toBeGreaterThan(10);
    await service.pass(1_000);
    await usual;
  });
});

describe('stops', () => {
  test('at the first part that is refused, with what the service said', async () => {
    const error = 'Conflict: payload.multiPartMetadata.totalParts: expected 3, got 9.';
    service.intercept('sendMessage', ({ payload }, usual) =>
      (payload as unknown as Message).multiPartMetadata?.partNumber === 3
        ? { type: 'error', statusCode: 409, error }
        : usual(),
    );
    const refusal = await send('abcdefghi', { partSize: 1, messageType: 'fifo' }).catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(ServiceError);
    expect(refusal).toMatchObject({ statusCode: 409, message: error });
    expect(numbers()).toEqual([1, 2, 3]);
  });

  let counted = 0;
  const refused = (groupId: string, chat = chatId): Message => ({
    chatId: SENDER,
    senderId: SENDER,
    messageId: `01M80V24R3RSZY9C0604KJVQ${10 + counted++}`,
    publishTimestamp: '2026-01-01T00:00:00.000Z',
    eventType: 'multipart.refused',
    content: { chatId: chat, groupId, partNumber: 1, totalParts: 3, messageId: 'some', reason: 'sender' },
  });

  test.each([
    ['without a subscription to it', false],
    ['subscribed to it', true],
  ])("when a part that was taken is refused later, in the sender's own channel, %s", async (_how, subscribed) => {
    if (subscribed) await client.subscribe(SENDER, () => {}).ready;
    const tell = ({ link }: Request, message: Message): void => service.tell(link, message);
    service.intercept('sendMessage', (request, usual) => {
      const number = (request.payload as unknown as Message).multiPartMetadata?.partNumber;
      if (number === 2) for (const other of ['another', 'mine']) tell(request, refused(other, 'chat-2'));
      if (number === 3) tell(request, refused('mine'));
      return usual();
    });
    const refusal = await send('abcdefghi', { partSize: 1, messageType: 'fifo', groupId: 'mine' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(refusal).toBeInstanceOf(ServiceError);
    expect(refusal).toMatchObject({
      statusCode: 409,
      message: expect.stringContaining('part 1 of 3 was refused: sender'),
    });
    expect(numbers()).toEqual([1, 2, 3]);
  });

  test('when told, with the reason', async () => {
    service.intercept('sendMessage', () => undefined);
    const stop = new AbortController();
    const sending = expect(send('abcdefghi', { partSize: 1, signal: stop.signal })).rejects.toThrow('left the page');
    await service.heard('sendMessage', 4);
    stop.abort(new Error('left the page'));
    await sending;
    await expect(send('abc', { signal: stop.signal })).rejects.toThrow('left the page');
    expect(service.of('sendMessage')).toHaveLength(4);
  });

  test('when the client is closed', async () => {
    service.intercept('sendMessage', () => undefined);
    const sending = expect(send('abc')).rejects.toMatchObject({ code: 'closed' });
    await service.heard('sendMessage');
    await client.close();
    await sending;
  });
});

describe('refuses what cannot be sent', () => {
  test.each([
    ['bytes', (size: number) => new Uint8Array(size), 2],
    ['a Blob', (size: number) => new Blob(['x'.repeat(size)]), 2],
    ['a text', (size: number) => 'x'.repeat(size), 2],
    ['a text of escapes, which take 6 bytes for one', (size: number) => '\u0000'.repeat(size), undefined],
  ])('%s of more than 1,000 parts, saying how much is possible', async (_what, make, partSize) => {
    const refusal = await send(make(6_000_000), { partSize }).catch((thrown: unknown) => thrown as Error);
    expect(refusal).toMatchObject({ code: 'too-large' });
    const [, largest] = /at most (\d+) can be sent/.exec((refusal as Error).message) ?? [];
    expect(service.of('sendMessage')).toEqual([]);
    await expect(send(make(Number(largest) + 1), { partSize })).rejects.toMatchObject({ code: 'too-large' });
    const stop = new AbortController();
    const begun = ({ totalParts }: MultiPartProgress): void => stop.abort(new Error(`begun with ${totalParts}`));
    const sending = send(make(Number(largest)), { partSize, signal: stop.signal, onProgress: begun });
    await expect(sending).rejects.toThrow('begun with 1000');
  });

  test('a name that leaves no room', async () => {
    await expect(send('a', { name: 'n'.repeat(31_000) })).rejects.toMatchObject({ code: 'too-large' });
  });

  test.each([0, -1, NaN])('parts of %p bytes', async (partSize) => {
    await expect(send('a', { partSize })).rejects.toMatchObject({ code: 'invalid' });
  });

  test.each([[undefined], [() => {}]])('%p', async (content) => {
    await expect(send(content)).rejects.toMatchObject({ code: 'invalid' });
  });
});

test('what is sent does not change with the bytes it was made of', async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const sending = send(bytes);
  bytes.fill(0);
  await sending;
  expect(payloads()[0]?.content).toBe('AQID');
});

test('a thousand parts are taken, each once', async () => {
  const relay = new Relay(service);
  const { messageIds } = await send('x'.repeat(1_000), { partSize: 1 });
  expect(relay.partsOf(chatId).map(({ messageId }) => messageId)).toEqual(messageIds);
  expect(messageIds).toHaveLength(1_000);
});

function byNumber(one: Message, other: Message): number {
  return (one.multiPartMetadata?.partNumber ?? 0) - (other.multiPartMetadata?.partNumber ?? 0);
}

function bySent(one: Request, other: Request): number {
  return byNumber(one.payload as unknown as Message, other.payload as unknown as Message);
}
