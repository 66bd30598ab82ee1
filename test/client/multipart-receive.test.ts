import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Client, Message } from '../../client/index.ts';
import {
  type MultiPartReceiver,
  type ReceivedContent,
  type ReceiveFailure,
  type ReceiveMultiPartOptions,
  type ReceiveProgress,
  receiveMultiPart,
  sendMultiPart,
} from '../../client/multipart/index.ts';
import { connected } from './connected.ts';
import { Relay, SENDER, inOrder } from './relay.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

const chatId = 'chat-1';
let service: ServiceDouble;
let relay: Relay;
let client: Client;
let end: () => Promise<void>;
beforeEach(async () => {
  ({ service, client, end } = await connected());
  relay = new Relay(service);
});
afterEach(() => end());

/** A receiver that keeps what it tells. */
interface Watched {
  receiver: MultiPartReceiver;
  contents: ReceivedContent[];
  failures: ReceiveFailure[];
  progress: ReceiveProgress[];
}

function watched(options: ReceiveMultiPartOptions = {}): Watched {
  const contents: ReceivedContent[] = [];
  const failures: ReceiveFailure[] = [];
  const progress: ReceiveProgress[] = [];
  const receiver = receiveMultiPart(
    client,
    {
      onContent: (content) => contents.push(content),
      onFailure: (failure) => failures.push(failure),
      onProgress: (step) => progress.push(step),
    },
    { gapDelayMs: 0, ...options },
  );
  return { receiver, contents, failures, progress };
}

/** A subscription that feeds a receiver; what is left is for the app. */
async function subscribed(options: ReceiveMultiPartOptions = {}): Promise<Watched & { others: Message[] }> {
  const one = watched(options);
  const others: Message[] = [];
  const take = (message: Message): unknown => one.receiver.accept(message) || others.push(message);
  await client.subscribe(chatId, take).ready;
  return { ...one, others };
}

/** Parts in history that nobody is told of, in order, and their group. */
async function written(
  content: unknown,
  partSize: number,
  groupId = 'g',
): Promise<{ parts: Message[]; completed: Message; messageIds: string[] }> {
  const before = relay.partsOf(chatId);
  const { announces, loses } = relay;
  Object.assign(relay, { announces: false, loses: () => true });
  const { messageIds } = await sendMultiPart(client, chatId, content, { partSize, groupId });
  const totalParts = messageIds.length;
  const completed = relay.announce(chatId, 'multipart.completed', { groupId, totalParts, messageIds });
  Object.assign(relay, { announces, loses });
  return { parts: relay.partsOf(chatId).filter((part) => !before.includes(part)), completed, messageIds };
}

/** All that was announced before has been dealt with: groups are fetched in turn, and this one is the last. */
async function settled({ receiver, contents }: Watched): Promise<void> {
  const groupId = `last-${service.requests.length}`;
  receiver.accept((await written('the last', 100, groupId)).completed);
  const found = (): number => contents.findIndex((content) => content.groupId === groupId);
  await until('the last is here', () => found() >= 0);
  contents.splice(found(), 1);
}

describe('a content is there once all its parts are', () => {
  test.each([
    ['a text', 'Grüße & 👩‍👩‍👧 \ufeff"', 'text'],
    ['a text that begins with a byte order mark', '\ufeffabc', 'text'],
    ['half of a surrogate pair', 'a\ud800b', 'json'],
    ['nothing', '', 'text'],
    ['JSON', { deep: [1, null, 'ü'] }, 'json'],
    ['null', null, 'json'],
    ['bytes', new Uint8Array([0, 255, 128, 1]), 'base64'],
    ['no bytes', new Uint8Array(), 'base64'],
  ])('%s', async (_what, content, encoding) => {
    relay.announces = false;
    const { contents, others } = await subscribed();
    const options = { partSize: 3, name: 'n', mediaType: 'm/t', eventType: 'file' };
    const { groupId, messageIds } = await sendMultiPart(client, chatId, content, options);
    await until('it is here', () => contents.length === 1);
    const about = { chatId, groupId, senderId: SENDER, eventType: 'file', name: 'n', mediaType: 'm/t', messageIds };
    expect(contents).toMatchObject([{ ...about, encoding, content }]);
    expect(others).toEqual([]);
  });

  test('and told once, though the service says so, too, and parts come again', async () => {
    const watch = watched();
    const { parts, completed } = await written('abcdef', 2);
    for (const message of [...parts, ...parts, completed, completed, ...parts]) watch.receiver.accept(message);
    await settled(watch);
    expect(watch.contents.map(({ content }) => content)).toEqual(['abcdef']);
    expect(watch.failures).toEqual([]);
  });

  test('with the steps in between', async () => {
    const { receiver, progress } = watched();
    const { parts } = await written('abcde', 2);
    for (const part of parts.reverse()) receiver.accept(part);
    const about = { chatId, groupId: 'g', senderId: SENDER, totalParts: 3, totalBytes: 5 };
    expect(progress).toEqual([
      { ...about, receivedParts: 1, receivedBytes: 1 },
      { ...about, receivedParts: 2, receivedBytes: 3 },
      { ...about, receivedParts: 3, receivedBytes: 5 },
    ]);
  });

  test('of several groups at once, two of which have the same name', async () => {
    const watch = watched();
    const groups = [
      (await written('first', 1, 'one')).parts,
      (await written(new Uint8Array([1, 2, 3]), 1, 'two')).parts,
      (await written('other', 1, 'three')).parts.map((part) => part && renamed(part, 'one', 'user-eve')),
    ];
    for (let at = 0; at < 5; at++)
      for (const parts of groups) if (parts[at]) watch.receiver.accept(parts[at] as Message);
    await settled(watch);
    // Each is checked for itself, so the two that end together may come in either order.
    const contents = watch.contents.map(({ groupId, senderId, content }) => [groupId, senderId, content]);
    expect(contents).toHaveLength(3);
    expect(contents).toEqual(
      expect.arrayContaining([
        ['two', SENDER, new Uint8Array([1, 2, 3])],
        ['one', SENDER, 'first'],
        ['one', 'user-eve', 'other'],
      ]),
    );
  });

  test.each([
    [undefined],
    ['mine'],
    [{ encoding: 'rot13', size: 3 }],
    [{ encoding: 'text' }],
    [{ encoding: 'text', size: 3, name: { first: 'x' } }],
  ])('written by another kind of sender (%j): the contents in order', async (multiPartContent) => {
    const { receiver, contents } = watched();
    const { parts } = await written('abc', 1);
    const plain = parts.map((part, page) => ({ ...part, content: { page }, multiPartContent }));
    for (const part of plain.reverse()) receiver.accept(part);
    await until('it is here', () => contents.length === 1);
    expect(contents).toMatchObject([{ encoding: undefined, content: [{ page: 0 }, { page: 1 }, { page: 2 }] }]);
  });
});

test('other messages are left to the app', async () => {
  const { receiver, progress } = watched();
  expect(receiver.accept(service.commit(chatId))).toBe(false);
  const { parts, completed } = await written('a', 1);
  expect([...parts, completed].map((message) => receiver.accept(message))).toEqual([true, true]);
  expect(progress).toHaveLength(1);
});

describe('of two parts with one number the one that the service names stands', () => {
  test.each([['before the right one'], ['after it']])('when the wrong one came %s', async (when) => {
    const watch = watched();
    const { parts, completed } = await written('abc', 1);
    const [a, b, c] = parts as [Message, Message, Message];
    const wrong = { ...b, content: 'x', messageId: '01M80V24R3RSZY9C0604KJVQE4' };
    for (const part of when === 'after it' ? [a, b, wrong, c] : [a, wrong, b, c]) watch.receiver.accept(part);
    watch.receiver.accept(completed);
    await settled(watch);
    expect(watch.contents.map(({ content }) => content)).toEqual(['abc']);
  });

  test('when only the wrong one came, the right one is fetched', async () => {
    const watch = watched();
    const { parts, completed } = await written('abc', 1);
    const [a, b, c] = parts as [Message, Message, Message];
    for (const part of [a, { ...b, content: 'x', messageId: '01M80V24R3RSZY9C0604KJVQE4' }, c])
      watch.receiver.accept(part);
    watch.receiver.accept(completed);
    await settled(watch);
    expect(watch.contents.map(({ content }) => content)).toEqual(['abc']);
  });

  test('when the wrong one came first, what it says of the whole is wrong, too', async () => {
    const watch = watched();
    const { parts, completed } = await written('abc', 1);
    const wrong = { ...(parts[1] as Message), messageId: '01M80V24R3RSZY9C0604KJVQE4', multiPartContent: undefined };
    for (const message of [wrong, ...parts, completed]) watch.receiver.accept(message);
    await settled(watch);
    expect(watch.contents).toMatchObject([{ content: 'abc', encoding: 'text' }]);
  });

  test('when parts of another count came first, those are no parts of it', async () => {
    const watch = watched();
    const { parts, completed } = await written('abc', 1);
    const strayed = parts.map((part, index) => ({
      ...part,
      messageId: `01M80V24R3RSZY9C0604KJVQE${index}`,
      multiPartMetadata: { groupId: 'g', totalParts: 7, partNumber: index + 1 },
    }));
    for (const message of [...strayed, ...parts, completed]) watch.receiver.accept(message);
    await settled(watch);
    expect(watch.contents.map(({ content }) => content)).toEqual(['abc']);
  });
});

describe('parts that are missing when the service says that the group is complete', () => {
  test('are given time to come', async () => {
    const { receiver, contents } = watched({ gapDelayMs: 60_000 });
    const { parts, completed } = await written('abc', 1);
    for (const message of [completed, ...parts]) receiver.accept(message);
    await until('it is here', () => contents.length === 1);
    expect(service.of('replay')).toEqual([]);
    receiver.close();
  });

  test('are fetched from history, and only those', async () => {
    const watch = watched();
    service.pageSize = 1;
    const { parts, completed, messageIds } = await written('abcdefgh', 1);
    for (const index of [0, 2, 3, 7]) watch.receiver.accept(parts[index] as Message);
    watch.receiver.accept(completed);
    await until('it is here', () => watch.contents.length === 1);
    expect(watch.contents).toMatchObject([{ content: 'abcdefgh', messageIds }]);
    expect(service.of('replay')).toHaveLength(4);
    expect(watch.progress).toHaveLength(8);
  });

  test('are fetched a page at a time where they are small', async () => {
    const watch = watched();
    const { completed } = await written('x'.repeat(400), 1);
    watch.receiver.accept(completed);
    await until('it is here', () => watch.contents.length === 1);
    expect(service.of('replay')).toHaveLength(4);
  });

  test('are fetched over a connection that is lost meanwhile', async () => {
    const watch = watched();
    service.intercept('replay', () => void service.cut(), 1);
    const { completed } = await written('abc', 1);
    watch.receiver.accept(completed);
    await until('it is here', () => watch.contents.length === 1);
    expect(service.links.length).toBeGreaterThan(1);
  });

  test('are fetched through the history the app gives', async () => {
    const asked: string[] = [];
    const watch = watched({
      history: async (chat, messageId) => {
        asked.push(messageId);
        return service.chat(chat).history.find((message) => message.messageId === messageId);
      },
    });
    const { parts, completed, messageIds } = await written('abc', 1);
    watch.receiver.accept(parts[1] as Message);
    watch.receiver.accept(completed);
    await until('it is here', () => watch.contents.length === 1);
    expect(asked.sort()).toEqual([messageIds[0], messageIds[2]].sort());
    expect(service.of('replay')).toEqual([]);
  });

  test('who subscribes after the first half has the whole', async () => {
    const late = Array.from({ length: 10 }, (_none, index) => index).join('');
    const sending = sendMultiPart(client, chatId, late, {
      partSize: 1,
      messageType: 'fifo',
      onProgress: ({ sentParts }) => void (sentParts === 5 && release()),
    });
    let release = (): void => {};
    await new Promise<void>((resolve) => (release = resolve));
    const watch = await subscribed();
    await sending;
    await until('it is here', () => watch.contents.length === 1);
    expect(watch.contents[0]?.content).toBe(late);
  });

  test('that history does not have make it unavailable', async () => {
    const watch = watched();
    const { completed, messageIds } = await written('abc', 1);
    const { history } = service.chat(chatId);
    history.splice(
      history.findIndex(({ messageId }) => messageId === messageIds[1]),
      1,
    );
    watch.receiver.accept(completed);
    await settled(watch);
    expect(watch.failures).toMatchObject([{ reason: 'unavailable', groupId: 'g', missingParts: [2], totalParts: 3 }]);
    expect(watch.contents).toEqual([]);
  });

  test('that may not be read make it unavailable, with the reason', async () => {
    const watch = watched();
    const { completed } = await written('abc', 1);
    const error = 'Forbidden: You do not have permission to read this chat.';
    service.intercept('replay', () => ({ type: 'error', statusCode: 403, error }));
    watch.receiver.accept(completed);
    await until('it is told', () => watch.failures.length === 1);
    expect(watch.failures).toMatchObject([
      { reason: 'unavailable', missingParts: [1, 2, 3], cause: { statusCode: 403 } },
    ]);
  });
});

describe('a group fails', () => {
  test('when the service has waited in vain', async () => {
    const { receiver, failures, contents } = watched();
    const { parts } = await written('abc', 1);
    receiver.accept(parts[0] as Message);
    const content = { groupId: 'g', totalParts: 3, missingParts: [2, 3], messageIds: [parts[0]?.messageId] };
    receiver.accept(relay.announce(chatId, 'multipart.incomplete', content));
    for (const part of parts) receiver.accept(part);
    receiver.accept(relay.announce(chatId, 'multipart.incomplete', content));
    const about = { chatId, groupId: 'g', senderId: SENDER, totalParts: 3, totalBytes: 3 };
    expect(failures).toEqual([{ ...about, reason: 'incomplete', missingParts: [2, 3] }]);
    expect(contents).toEqual([]);
  });

  const spoiled: [string, (part: Message) => Message][] = [
    ['a hash that does not fit', (part) => ({ ...part, content: part.content === 'b' ? 'x' : part.content })],
    ['a length that does not fit', (part) => ({ ...part, content: part.content === 'b' ? 'bb' : part.content })],
    ['no text for a text', (part) => ({ ...part, content: { text: part.content } })],
    [
      'no base 64 where it should be',
      (part) => ({ ...part, multiPartContent: { encoding: 'base64', size: 3 }, content: '*' }),
    ],
    ['no JSON where it should be', (part) => ({ ...part, multiPartContent: { encoding: 'json', size: 3 } })],
  ];
  test.each(spoiled)('with %s, once it is known that these are its parts', async (_what, spoil) => {
    const watch = watched();
    const { parts, completed } = await written('abc', 1);
    for (const part of parts) watch.receiver.accept(spoil(part));
    await settled(watch);
    expect(watch.failures).toEqual([]);
    watch.receiver.accept(completed);
    await until('it is told', () => watch.failures.length === 1);
    expect(watch.failures).toMatchObject([{ reason: 'corrupt', missingParts: [], groupId: 'g' }]);
    expect(watch.contents).toEqual([]);
  });

  test('when it takes more than is held at most, by its own account or not', async () => {
    const { receiver, failures, progress } = watched({ maxBytes: 10 });
    const { parts } = await written('x'.repeat(11), 1);
    for (const part of parts) receiver.accept(part);
    expect(failures).toMatchObject([{ reason: 'too-large', totalBytes: 11 }]);
    expect(progress).toEqual([]);
    const { parts: liars } = await written('y'.repeat(11), 1, 'liar');
    for (const part of liars) receiver.accept({ ...part, multiPartContent: { encoding: 'text', size: 1 } });
    expect(failures.slice(1)).toMatchObject([{ reason: 'too-large', groupId: 'liar' }]);
  });
});

describe('memory is bounded', () => {
  test.each([
    ['bytes', { maxBytes: 12 }],
    ['groups', { maxGroups: 2 }],
  ])('by %s: the oldest make room, and are fetched once they are complete', async (_what, options) => {
    const watch = watched(options);
    const groups: Awaited<ReturnType<typeof written>>[] = [];
    for (const groupId of ['a', 'b', 'c', 'd']) groups.push(await written(groupId.repeat(6), 1, groupId));
    for (const { parts } of groups) for (const part of parts.slice(0, 5)) watch.receiver.accept(part);
    expect(service.of('replay')).toEqual([]);
    watch.receiver.accept(groups[3]?.parts[5] as Message);
    await until('the youngest, which has been kept, is here', () => watch.contents.length === 1);
    expect(service.of('replay')).toEqual([]);
    for (const { completed } of groups) watch.receiver.accept(completed);
    await until('all are here', () => watch.contents.length === 4);
    expect(watch.contents.map(({ content }) => content).sort()).toEqual(['aaaaaa', 'bbbbbb', 'cccccc', 'dddddd']);
    expect(watch.failures).toEqual([]);
  });
});

test('after close nothing is told, whatever is under way', async () => {
  const watch = watched();
  const { parts, completed } = await written('abc', 1);
  let answer = (): void => {};
  service.intercept('replay', async (_, usual) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return usual();
  });
  watch.receiver.accept(completed);
  await service.heard('replay');
  watch.receiver.close();
  answer();
  await client.send({ chatId: 'chat-2', eventType: 'chat', content: 'a round trip' });
  expect([...parts, completed].map((message) => watch.receiver.accept(message))).toEqual([true, true, true, true]);
  expect([watch.contents, watch.failures, watch.progress]).toEqual([[], [], []]);
});

test('what a handler throws stops nothing', async () => {
  const contents: unknown[] = [];
  const surfaced: unknown[] = [];
  const surface = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (task) => surface(() => void attempt(task, surfaced));
  const onProgress = (): never => {
    throw new Error('my own');
  };
  const receiver = receiveMultiPart(client, { onContent: ({ content }) => contents.push(content), onProgress });
  const { parts } = await written('abc', 1);
  for (const part of parts) receiver.accept(part);
  await until('it is here', () => contents.length === 1);
  globalThis.queueMicrotask = surface;
  expect(surfaced).toHaveLength(3);
});

test('the ids the relay announces are those in the order of the numbers', async () => {
  const { contents } = await subscribed();
  const { groupId, messageIds } = await sendMultiPart(client, chatId, 'abcdef', { partSize: 1 });
  await until('it is here', () => contents.length === 1);
  const group = relay.groups.get(`${chatId}#${groupId}`);
  expect(group && inOrder(group)).toEqual(messageIds);
});

function renamed(part: Message, groupId: string, senderId: string): Message {
  return { ...part, senderId, multiPartMetadata: { totalParts: 5, partNumber: 1, ...part.multiPartMetadata, groupId } };
}

function attempt(task: () => void, surfaced: unknown[]): void {
  try {
    task();
  } catch (error) {
    surfaced.push(error);
  }
}
