import './support/quiet.ts';
import { ulid } from 'ulid';
import { handler } from '../../functions/replay/handler.ts';
import { answerOf } from './support/answer.ts';
import { Aws } from './support/aws.ts';
import { inSeconds } from './support/events.ts';
import { personOnline } from './support/person.ts';
import { table } from './support/tables.ts';

interface Message {
  messageId: string;
  sequence?: number;
}
interface Page {
  messages: Message[];
  headSequence: number;
  firstSequence: number;
  complete: boolean;
  nextSequence?: number;
  nextMessageId?: string;
}

const retention = 30 * 86_400;
let chats = 0;

describe('the replay function', () => {
  let aws: Aws;
  let ada: Awaited<ReturnType<typeof personOnline>>;

  beforeAll(async () => {
    aws = await Aws.start();
    ada = await personOnline('ada');
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  const ask = (chatId: string, fields: Record<string, unknown>, person = ada) =>
    answerOf(handler, person, { action: 'replay', chatId, ...fields });
  const page = async (chatId: string, fields: Record<string, unknown>): Promise<Page> =>
    (await ask(chatId, fields)) as unknown as Page;

  /** A chat that ada may listen to. */
  async function chat(head?: number): Promise<string> {
    chats += 1;
    const chatId = `chat-${chats}`;
    await table('PERMISSIONS_TABLE').put({ userId: 'ada', chatId, role: 'viewer' });
    if (head !== undefined) await table('CHATS_TABLE').put({ chatId, sequence: head });
    return chatId;
  }

  /** A message committed so many seconds ago. */
  function row(
    chatId: string,
    ageSeconds: number,
    said: { sequence?: number; content?: string; fields?: object } = {},
  ) {
    const { sequence, content = 'hello', fields } = said;
    const at = Date.now() - ageSeconds * 1000;
    return {
      chatId,
      messageId: ulid(at),
      senderId: 'bob',
      eventType: 'chat',
      messageType: 'fifo',
      messageGroupId: 'room',
      payload: JSON.stringify({ chatId, eventType: 'chat', content, ...fields }),
      publishTimestamp: new Date(at).toISOString(),
      ...(sequence !== undefined && { sequence }),
      expiresAt: inSeconds(retention - ageSeconds),
    };
  }

  async function history(chatId: string, numbers: readonly number[], ageSeconds = 86_400, content = 'hello') {
    const rows = numbers.map((sequence) => row(chatId, ageSeconds - sequence / 1000, { sequence, content }));
    await table('MESSAGES_TABLE').put(...rows);
    return rows;
  }

  const oneTo = (last: number): number[] => Array.from({ length: last }, (_number, index) => index + 1);
  const numbersOf = ({ messages }: Page): (number | undefined)[] => messages.map(({ sequence }) => sequence);
  const ofIndex = ({ IndexName }: Record<string, unknown>): boolean => IndexName === 'bySequence';

  /** Asks on and on, as a client does, and gives the pages. */
  async function pages(chatId: string, first: Record<string, unknown>): Promise<Page[]> {
    const all = [await page(chatId, first)];
    for (let last = all[0]; last && !last.complete && all.length < 100; last = all.at(-1)) {
      const { nextSequence, nextMessageId } = last;
      const { toSequence } = first;
      all.push(
        await page(
          chatId,
          nextMessageId !== undefined
            ? { afterMessageId: nextMessageId }
            : { fromSequence: nextSequence, ...(toSequence !== undefined && { toSequence }) },
        ),
      );
    }
    return all;
  }

  describe('by number', () => {
    test('gives messages as they were delivered, without what only the queue knew', async () => {
      const chatId = await chat(2);
      const multiPartMetadata = { groupId: 'g', totalParts: 2, partNumber: 1 };
      const first = row(chatId, 60, { sequence: 1, fields: { multiPartMetadata, constructor: 1 } });
      await table('MESSAGES_TABLE').put(first, row(chatId, 50, { sequence: 2 }));
      const { messageId, publishTimestamp } = first;
      expect(await ask(chatId, { fromSequence: 1, toSequence: 1, ackId: 'a' })).toEqual({
        type: 'replay',
        chatId,
        messages: [
          {
            chatId,
            eventType: 'chat',
            content: 'hello',
            multiPartMetadata,
            constructor: 1,
            messageId,
            senderId: 'bob',
            publishTimestamp,
            sequence: 1,
            customSequence: { number: 1, scope: chatId, timestamp: publishTimestamp },
          },
        ],
        headSequence: 2,
        firstSequence: 1,
        complete: true,
        ackId: 'a',
      });
    });

    test('goes to the head when asked for more, from the first when asked for less', async () => {
      const chatId = await chat(3);
      await history(chatId, oneTo(3));
      const all = { complete: true, headSequence: 3, firstSequence: 1 };
      for (const range of [{ fromSequence: 0 }, { fromSequence: 1, toSequence: 99 }]) {
        const reply = await page(chatId, range);
        expect(reply).toMatchObject(all);
        expect(numbersOf(reply)).toEqual([1, 2, 3]);
      }
      expect(await page(chatId, { fromSequence: 4 })).toEqual({ type: 'replay', chatId, messages: [], ...all });
      expect(await page(await chat(), { fromSequence: 1 })).toMatchObject({
        messages: [],
        headSequence: 0,
        firstSequence: 1,
        complete: true,
      });
    });

    test('pages of at most 32 KB hold each message once, in order', async () => {
      const chatId = await chat(300);
      await history(chatId, oneTo(300));
      const all = await pages(chatId, { fromSequence: 1 });
      expect(all.flatMap(numbersOf)).toEqual(oneTo(300));
      for (const one of all) expect(Buffer.byteLength(JSON.stringify(one))).toBeLessThanOrEqual(32 * 1024);
      expect(all.length).toBeLessThan(5);
      // Who asks, the first number, and two reads of the index.
      expect(aws.actions.length / all.length).toBeLessThanOrEqual(4);
    });

    test('a message over 32 KB goes alone', async () => {
      const chatId = await chat(3);
      await history(chatId, [1, 3]);
      await table('MESSAGES_TABLE').put(row(chatId, 86_400, { sequence: 2, content: 'x'.repeat(100_000) }));
      expect((await pages(chatId, { fromSequence: 1 })).map(numbersOf)).toEqual([[1], [2], [3]]);
    });

    test('what expired or was deleted is behind firstSequence', async () => {
      const deleted = await chat(9);
      await history(deleted, [5, 6, 7, 8, 9]);
      const reply = await page(deleted, { fromSequence: 2 });
      expect(reply).toMatchObject({ firstSequence: 5, complete: true });
      expect(numbersOf(reply)).toEqual([5, 6, 7, 8, 9]);

      const expired = await chat(200);
      await history(expired, oneTo(150), retention + 100);
      await history(expired, oneTo(200).slice(150));
      const late = await page(expired, { fromSequence: 1, toSequence: 160 });
      expect(late).toMatchObject({ firstSequence: 151, complete: true });
      expect(numbersOf(late)).toEqual(oneTo(160).slice(150));
    });

    test('a history that has all expired, or is gone, says so', async () => {
      const expired = await chat(20);
      await history(expired, oneTo(20), retention + 100);
      const gone = { messages: [], headSequence: 20, firstSequence: 21, complete: true };
      expect(await page(expired, { fromSequence: 1 })).toMatchObject(gone);
      expect(await page(await chat(20), { fromSequence: 1 })).toMatchObject(gone);
    });

    test('a hole of long ago is passed over', async () => {
      const chatId = await chat(6);
      await history(chatId, [1, 2, 5, 6]);
      const reply = await page(chatId, { fromSequence: 1 });
      expect(numbersOf(reply)).toEqual([1, 2, 5, 6]);
      expect(reply.complete).toBe(true);
      expect(aws.inputs('Query').every(ofIndex)).toBe(true);
    });

    test('an index that lags is made up for from history', async () => {
      const chatId = await chat(3);
      await history(chatId, oneTo(3), 1);
      aws.fail('Query', { answer: { Items: [] } }, { applies: ofIndex });
      const reply = await page(chatId, { fromSequence: 1 });
      expect(numbersOf(reply)).toEqual([1, 2, 3]);
      expect(reply).toMatchObject({ firstSequence: 1, complete: true });
    });

    test('a number that nothing accounts for ends the page: the client asks again', async () => {
      const chatId = await chat(4);
      const [first, , , last] = await history(chatId, oneTo(4), 1);
      const Items = [first, last].map((one) => ({
        chatId: { S: chatId },
        messageId: { S: one?.messageId },
        senderId: { S: 'bob' },
        payload: { S: one?.payload },
        publishTimestamp: { S: one?.publishTimestamp },
        sequence: { N: String(one?.sequence) },
        expiresAt: { N: String(one?.expiresAt) },
      }));
      aws.fail('Query', { answer: { Items } }, { applies: ofIndex });
      // History is too long to be read whole, and the missing ones are not among the newest.
      const more = { Items: [], LastEvaluatedKey: { chatId: { S: chatId }, messageId: { S: 'x' } } };
      aws.fail('Query', { answer: more }, { applies: (input) => !ofIndex(input) });
      const reply = await page(chatId, { fromSequence: 1 });
      expect(numbersOf(reply)).toEqual([1]);
      expect(reply).toMatchObject({ headSequence: 4, firstSequence: 1, complete: false, nextSequence: 2 });
    });

    test('a low number that the index lacks is not called gone while history cannot be read whole', async () => {
      const chatId = await chat(5);
      await history(chatId, [4, 5], 1);
      const more = { Items: [], LastEvaluatedKey: { chatId: { S: chatId }, messageId: { S: 'x' } } };
      aws.fail('Query', { answer: more }, { applies: (input) => !ofIndex(input) });
      expect(await page(chatId, { fromSequence: 1 })).toMatchObject({
        messages: [],
        firstSequence: 1,
        complete: false,
        nextSequence: 1,
      });
      aws.reset();
      expect(await page(chatId, { fromSequence: 1 })).toMatchObject({ firstSequence: 4, complete: true });
    });
  });

  describe('by message id', () => {
    test('gives everything after it, numbered or not, page by page, read strongly', async () => {
      const chatId = await chat(1);
      const rows = Array.from({ length: 250 }, (_row, index) =>
        row(chatId, 1000 - index, index === 249 ? { sequence: 1 } : {}),
      );
      await table('MESSAGES_TABLE').put(...rows);
      const afterMessageId = rows[9]?.messageId;
      const all = await pages(chatId, { afterMessageId });
      expect(all.flatMap(({ messages }) => messages.map(({ messageId }) => messageId))).toEqual(
        rows.slice(10).map(({ messageId }) => messageId),
      );
      expect(all[0]).toMatchObject({ headSequence: 1, complete: false });
      expect(all[0]?.nextMessageId).toBe(all[0]?.messages.at(-1)?.messageId);
      expect(all.at(-1)).toMatchObject({ complete: true });
      expect(all.at(-1)).not.toHaveProperty('nextMessageId');
      const strong = aws.inputs('Query').filter((input) => !ofIndex(input));
      for (const input of strong) expect(input).toMatchObject({ ConsistentRead: true });
    });

    test('a message without a number has none', async () => {
      const chatId = await chat();
      await table('MESSAGES_TABLE').put(row(chatId, 60, { fields: { customSequence: { number: 9, scope: 'mine' } } }));
      const { messages } = await page(chatId, { afterMessageId: '0'.repeat(26) });
      expect(messages).toEqual([
        {
          chatId,
          eventType: 'chat',
          content: 'hello',
          customSequence: { number: 9, scope: 'mine' },
          messageId: expect.any(String),
          senderId: 'bob',
          publishTimestamp: expect.any(String),
        },
      ]);
    });

    test('expired messages are passed over', async () => {
      const chatId = await chat();
      const rows = Array.from({ length: 120 }, (_row, index) => row(chatId, retention + 200 - index));
      const live = row(chatId, 60);
      await table('MESSAGES_TABLE').put(...rows, live);
      const reply = await page(chatId, { afterMessageId: '0'.repeat(26) });
      expect(reply).toMatchObject({ messages: [{ messageId: live.messageId }], complete: true });
    });
  });

  describe('is for those who may listen', () => {
    const forbidden = { error: 'Forbidden: You do not have permission to read this chat.', statusCode: 403 };

    test('not for a stranger, nor for one whose permission has ended', async () => {
      const chatId = await chat(1);
      await history(chatId, [1]);
      await table('PERMISSIONS_TABLE').put({ userId: 'late', chatId, role: 'member', expiresAt: inSeconds(-1) });
      for (const userId of ['mallory', 'late']) {
        const person = await personOnline(userId);
        expect(await ask(chatId, { fromSequence: 1 }, person)).toMatchObject(forbidden);
        expect(await ask(chatId, { afterMessageId: '0'.repeat(26) }, person)).toMatchObject(forbidden);
      }
      expect(aws.actions).not.toContain('Query');
    });

    test('everyone reads their own channel', async () => {
      await table('MESSAGES_TABLE').put(row('ada', 60));
      expect((await page('ada', { afterMessageId: '0'.repeat(26) })).messages).toHaveLength(1);
    });

    test('not past the end of a token', async () => {
      const person = await personOnline('ada', [], inSeconds(-1));
      expect(await ask(await chat(), { fromSequence: 1 }, person)).toMatchObject({
        error: 'Unauthorized - token expired',
        statusCode: 401,
      });
    });
  });

  test.each([
    ['no chat', { chatId: undefined, fromSequence: 1 }, 'Missing required parameter: chatId is required.'],
    [
      'an odd chat',
      { chatId: 'a b', fromSequence: 1 },
      'Invalid chatId: expected 1-128 characters of A-Z a-z 0-9 - _ . : @, got "a b".',
    ],
    ['nowhere to start', {}, 'Missing required parameter: fromSequence or afterMessageId is required.'],
    ['only an end', { toSequence: 3 }, 'Missing required parameter: fromSequence or afterMessageId is required.'],
    ['a text', { fromSequence: '1' }, 'Invalid fromSequence: expected a whole number, got "1".'],
    [
      'an end before the start',
      { fromSequence: 3, toSequence: 2 },
      'Invalid toSequence: expected a whole number, at least fromSequence, got 2.',
    ],
    [
      'an id that is none',
      { afterMessageId: 'x' },
      'Invalid afterMessageId: expected a ULID of 26 upper-case characters, got "x".',
    ],
    [
      'two places to start',
      { fromSequence: 1, afterMessageId: '0'.repeat(26) },
      'Invalid afterMessageId: expected nothing beside fromSequence or toSequence, got "00000000000000000000000000".',
    ],
    [
      'an ackId without end',
      { fromSequence: 1, ackId: 'é'.repeat(150) },
      'Invalid ackId: expected at most 256 bytes of JSON, got more.',
    ],
  ])('%s is refused', async (_what, fields, error) => {
    expect(await ask('chat-1', fields)).toMatchObject({ type: 'error', error, statusCode: 400 });
    expect(aws.actions).toEqual([]);
  });

  test('a failure of AWS is told as one', async () => {
    aws.fail('Query', { error: 'ResourceNotFoundException' });
    expect(await ask(await chat(1), { fromSequence: 1 })).toMatchObject({
      error: 'Failed to replay messages',
      statusCode: 500,
    });
  });
});
