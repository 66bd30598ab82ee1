import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Client, Message } from '../../client/index.ts';
import { type ReceivedContent, receiveMultiPart, sendMultiPart } from '../../client/multipart/index.ts';
import { MAX_FRAME_BYTES } from '../../client/protocol.ts';
import { connected } from './connected.ts';
import { Relay } from './relay.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

const chatId = 'chat-1';
let service: ServiceDouble;
let relay: Relay;
let client: Client;
let end: () => Promise<void>;
beforeAll(async () => {
  ({ service, client, end } = await connected());
  relay = new Relay(service);
});
afterAll(() => end());

/** The messages that carry a content: its parts, and what the service says of them. */
async function carried(content: unknown, partSize?: number): Promise<Message[]> {
  const { history } = service.chat(chatId);
  history.length = service.requests.length = 0;
  await sendMultiPart(client, chatId, content, { partSize, name: 'Übung "1".txt' });
  return [...history];
}

/** What a receiver makes of messages in this order. */
async function assembled(messages: Message[]): Promise<ReceivedContent[]> {
  const contents: ReceivedContent[] = [];
  const failures: unknown[] = [];
  const receiver = receiveMultiPart(
    client,
    { onContent: (content) => contents.push(content), onFailure: (failure) => failures.push(failure) },
    { gapDelayMs: 0 },
  );
  for (const message of messages) expect(receiver.accept(message)).toBe(true);
  await until('it is here', () => contents.length + failures.length > 0);
  receiver.close();
  expect(failures).toEqual([]);
  return contents;
}

/** UTF-8 bytes of the frames that went out. */
function frameSizes(): number[] {
  return service.of('sendMessage').map(({ link, ...frame }) => {
    expect(link).toBeDefined();
    return Buffer.byteLength(JSON.stringify(frame));
  });
}

const anything = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  // Halves of surrogate pairs included.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.uint8Array(),
  fc.jsonValue({ noUnicodeString: false }),
);

test('whatever is sent arrives as it was: in parts of any size, in any order, some of them twice, some only in history', async () => {
  await fc.assert(
    fc.asyncProperty(
      anything,
      fc.integer({ min: 1, max: 40 }),
      fc.infiniteStream(fc.nat()),
      async (content, size, dice) => {
        const messages = await carried(content, size);
        const parts = messages.filter((message) => message.multiPartMetadata);
        const roll = (): number => dice.next().value ?? 0;
        const kept = parts.filter(() => roll() % 4 > 0);
        const again = kept.filter(() => roll() % 4 === 0);
        const announcement = messages.filter((message) => !message.multiPartMetadata);
        const order = [...kept, ...again, ...announcement].map((message) => ({ message, place: roll() }));
        const shuffled = order.sort((one, other) => one.place - other.place).map(({ message }) => message);
        const [received, ...more] = await assembled(shuffled);
        expect(more).toEqual([]);
        expect(received?.content).toEqual(typeof content === 'object' ? asJson(content) : content);
        expect(received?.messageIds).toEqual(relay.partsOf(chatId).map(({ messageId }) => messageId));
        for (const size of frameSizes()) expect(size).toBeLessThanOrEqual(MAX_FRAME_BYTES);
      },
    ),
    { numRuns: 150 },
  );
});

test('parts have the size that was asked for, but for the last, and no character is cut', async () => {
  await fc.assert(
    fc.asyncProperty(anything, fc.integer({ min: 4, max: 40 }), async (content, partSize) => {
      await carried(content, partSize);
      const bytes = relay.partsOf(chatId).map((part) => shareOf(part));
      for (const [index, share] of bytes.entries()) {
        expect(share.length).toBeLessThanOrEqual(partSize);
        // Of a text it can be short by less than the character that did not fit.
        if (index < bytes.length - 1) expect(share.length).toBeGreaterThan(partSize - 4);
      }
      for (const { content: share, multiPartContent } of relay.partsOf(chatId)) {
        const { encoding } = multiPartContent as { encoding: string };
        if (encoding !== 'base64') expect(String(share)).not.toMatch(/\p{Surrogate}/u);
      }
    }),
    { numRuns: 100 },
  );
});

/** A chunk of every kind of character: how much it takes in UTF-8, and how much in JSON. */
const kinds: [string, string][] = [
  ['ASCII', 'x'],
  ['two bytes', 'ü'],
  ['three bytes', '€'],
  ['four bytes', '😀'],
  ['short escapes', '"\n'],
  ['long escapes', '\u0001'],
  ['everything', 'x"ü€😀\u0001\\'],
];

test.each(kinds)('frames are full, and never over 30 KB: %s', async (_kind, chunk) => {
  const content = chunk.repeat(70_000 / Buffer.byteLength(chunk));
  const [received] = await assembled(await carried(content));
  expect(received?.content).toBe(content);
  const sizes = frameSizes().sort((one, other) => other - one);
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes[0]).toBeLessThanOrEqual(MAX_FRAME_BYTES);
  // Full, but for one character, the ids' room and the digits of the numbers.
  for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(MAX_FRAME_BYTES - 60);
});

test.each([
  ['nothing', 0, 1],
  ['one byte', 1, 1],
  ['exactly one part', 1_000, 1],
  ['a byte more', 1_001, 2],
  ['exactly ten parts', 10_000, 10],
  ['exactly 1,000 parts', 1_000_000, 1_000],
])('%s: %d bytes', async (_what, size, parts) => {
  const bytes = new Uint8Array(size).map((_none, index) => index * 31);
  const messages = await carried(bytes, 1_000);
  expect(relay.partsOf(chatId)).toHaveLength(parts);
  const [received] = await assembled(messages.reverse());
  expect(Buffer.compare(received?.content as Uint8Array, bytes)).toBe(0);
});

/** A part's share of the whole. */
function shareOf({ content, multiPartContent }: Message): Buffer {
  const { encoding } = multiPartContent as { encoding: string };
  return Buffer.from(String(content), encoding === 'base64' ? 'base64' : 'utf8');
}

/** As JSON holds it (-0 is 0 there); bytes are themselves. */
function asJson(content: object | null): unknown {
  return content instanceof Uint8Array ? content : JSON.parse(JSON.stringify(content));
}
