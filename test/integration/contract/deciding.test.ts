import { ulid } from 'ulid';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { EdgeControl } from '../../setup/edge-control.ts';
import { personNamed } from '../../setup/sign-in.ts';
import type { Frame } from '../../setup/socket.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { type Answer, type Body, Sender, type WayIn, waysIn } from './ways-in.ts';

const forbidden = 'Forbidden: You do not have permission to send messages to this chat.';
const functionOf: Record<WayIn, string> = { socket: 'p2p-websocket-publisher', http: 'a2p-http-publisher' };
const failure: Record<WayIn, string> = {
  socket: 'Failed to send message via WebSocket',
  http: 'Failed to send message',
};

describe('what a good request is answered for what the service knows', () => {
  let cloud: Cloud;
  let tables: Tables;
  let edge: EdgeControl;
  const people = new Map<string, Sender>();

  beforeAll(async () => {
    cloud = await startCloud();
    tables = await Tables.of(cloud.outputs);
    edge = new EdgeControl(cloud.outputs);
    for (const username of ['bob', 'carol', 'vera', 'mallory', 'olga']) {
      const chats = ['mallory', 'olga'].includes(username) ? [] : ['chat-123'];
      people.set(username, await Sender.signedIn(cloud.outputs, username, ...chats));
    }
  });

  afterAll(async () => {
    await Promise.all([...people.values()].map((sender) => sender.close()));
    tables.close();
    await cloud.stop();
  });

  afterEach(() => edge.mend());

  function person(username: string): Sender {
    const sender = people.get(username);
    if (!sender) throw new Error(`${username} has not signed in`);
    return sender;
  }

  function userIdOf(username: string): string {
    return personNamed(cloud.outputs, username).userId;
  }

  function message(fields: Record<string, unknown> = {}, beside: Record<string, unknown> = {}) {
    const payload = { chatId: 'chat-123', eventType: 'chat', content: ulid(), ...fields };
    return { targetChannel: 'WebSocket', ...beside, payload };
  }

  function refused(wayIn: WayIn, statusCode: number, words: Record<string, unknown>): Answer {
    const body = wayIn === 'socket' ? { type: 'error', ...words, statusCode } : words;
    return { status: statusCode, body };
  }

  function delivered(answer: Answer): Promise<Frame> {
    const { messageId } = answer.body;
    expect(answer).toMatchObject({ status: 200, body: { messageId: expect.any(String) } });
    return person('carol').socket.next((frame) => frame['messageId'] === messageId, `message ${String(messageId)}`);
  }

  describe.each(waysIn)('over %s', (wayIn) => {
    test.each([
      ['a viewer', 'vera', () => 'chat-123'],
      ['a stranger to a chat that exists', 'mallory', () => 'chat-123'],
      ['a stranger to a chat that does not', 'mallory', () => 'chat-never-made'],
      ['anybody to somebody else’s own channel', 'bob', () => userIdOf('carol')],
      ['a member whose permission has ended', 'bob', () => 'chat-ended'],
    ])('403 for %s', async (_who, username, chatOf) => {
      const ended = { chatId: 'chat-ended', role: 'member', expiresAt: Math.floor(Date.now() / 1000) - 1 };
      await tables.put('Permissions', { userId: userIdOf('bob'), ...ended });
      const answer = await person(username).ask(wayIn, message({ chatId: chatOf() }));
      expect(answer).toEqual(refused(wayIn, 403, { error: forbidden }));
    });

    test('the own channel needs no permission', async () => {
      const answer = await person('mallory').ask(wayIn, message({ chatId: userIdOf('mallory') }));
      expect(answer.status).toBe(200);
      await person('mallory').socket.next((frame) => frame['messageId'] === answer.body['messageId'] && !frame['type']);
    });

    test.each(['standard', 'fifo'])(
      'the same messageId again adds nothing to %s; with other words it is a conflict',
      async (messageType) => {
        const messageId = ulid();
        const request = message({}, { messageType, messageId, requestAck: true });
        const first = await person('bob').ask(wayIn, request);
        await delivered(first);
        await edge.resetCalls();
        expect(await person('bob').ask(wayIn, request)).toEqual(first);
        const turned = { ...request, payload: Object.fromEntries(Object.entries(request.payload).reverse()) };
        expect(await person('bob').ask(wayIn, turned)).toEqual(first);
        const otherType = messageType === 'fifo' ? 'standard' : 'fifo';
        expect(await person('bob').ask(wayIn, { ...request, messageType: otherType })).toMatchObject({
          body: { messageType },
        });
        expect(await edge.count(functionOf[wayIn], 'Publish')).toBe(0);

        const conflict = refused(wayIn, 409, { error: 'Conflict: messageId is already used.' });
        expect(await person('bob').ask(wayIn, message({ content: 'other words' }, { messageType, messageId }))).toEqual(
          conflict,
        );
        expect(await person('carol').ask(wayIn, request)).toEqual(conflict);
        expect(await storedIds(request.payload.chatId, messageId)).toBe(1);
      },
    );

    test('equal words under two ids are two messages; without ids FIFO takes them for one and says so', async () => {
      const words = ulid();
      const ids = [ulid(), ulid()];
      for (const messageId of ids) {
        const answer = await person('bob').ask(wayIn, message({ content: words }, { messageType: 'fifo', messageId }));
        expect(answer.body).not.toHaveProperty('deduplication');
        expect((await delivered(answer))['messageId']).toBe(messageId);
      }
      const unnamed = message({ content: `${words} unnamed` }, { messageType: 'fifo' });
      const first = await person('bob').ask(wayIn, unnamed);
      const second = await person('bob').ask(wayIn, unnamed);
      expect([first.body, second.body]).toMatchObject([{ deduplication: 'content' }, { deduplication: 'content' }]);
      const after = await person('bob').ask(wayIn, message({}, { messageType: 'fifo' }));
      await delivered(after);
      const heard = person('carol').socket.frames.filter(({ content }) => content === `${words} unnamed`);
      expect(new Set(heard.map((frame) => frame['messageId']))).toEqual(new Set([first.body['messageId']]));
    });

    test.each([
      ['one-byte', 'x'],
      ['two-byte', 'é'],
    ])(
      '413 as soon as the delivered frame could pass 128 KB, counted in bytes (%s characters)',
      async (_what, character) => {
        const withLength = (length: number, fill: string): Body => message({ content: character.repeat(length), fill });
        const most = 131_072;
        const size = Buffer.byteLength(character);
        const tooLong = await person('bob').ask(wayIn, withLength(130_900 / size, ''));
        const tooLarge =
          /^Payload too large: the delivered message could be (\d+) bytes, and at most 131072 are allowed\. Split it into parts with payload\.multiPartMetadata\.$/;
        expect(tooLong).toEqual(refused(wayIn, 413, { error: expect.stringMatching(tooLarge) }));
        const bytes = Number(tooLarge.exec(String(tooLong.body['error']))?.[1]);
        const characters = Math.floor((130_900 - (bytes - most)) / size);
        const rest = 130_900 - (bytes - most) - characters * size;

        const fitting = await person('bob').ask(wayIn, withLength(characters, 'x'.repeat(rest)));
        const frame = await delivered(fitting);
        expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThanOrEqual(most);
        const oneMore = await person('bob').ask(wayIn, withLength(characters, 'x'.repeat(rest + 1)));
        const error = `Payload too large: the delivered message could be ${most + 1} bytes, and at most ${most} are allowed. Split it into parts with payload.multiPartMetadata.`;
        expect(oneMore).toEqual(refused(wayIn, 413, { error }));
      },
    );

    test.each(['user', 'chat'])(
      '429 for the %s that used its allowance up, while others are served',
      async (subject) => {
        const chatId = `busy-${wayIn}-${subject}`;
        // A function remembers for the rest of the window whom it refused, so it is one who sends nothing else.
        const sender = subject === 'user' ? 'olga' : 'bob';
        for (const username of [sender, 'carol']) {
          const grant = { userId: userIdOf(username), role: 'member' };
          await tables.put('Permissions', { ...grant, chatId }, { ...grant, chatId: `quiet-${chatId}` });
        }
        await useUp(subject === 'user' ? `user#${userIdOf('olga')}` : `chat#${chatId}`);
        const tooMany = refused(wayIn, 429, { error: 'Too many requests', retryAfterMs: expect.any(Number) });
        const answer = await person(sender).ask(wayIn, message({ chatId }));
        expect(answer).toEqual(tooMany);
        expect(answer.body['retryAfterMs']).toBeGreaterThan(0);
        expect(answer.body['retryAfterMs']).toBeLessThanOrEqual(10_000);
        const others =
          subject === 'user'
            ? await person('carol').ask(wayIn, message({ chatId }))
            : await person('bob').ask(wayIn, message({ chatId: `quiet-${chatId}` }));
        expect(others.status).toBe(200);
      },
    );

    test('strangers and viewers spend nothing of a chat’s allowance', async () => {
      const before = await spent('chat#chat-123');
      for (const username of ['mallory', 'vera', 'mallory', 'vera']) {
        expect(await person(username).ask(wayIn, message())).toMatchObject({ status: 403 });
      }
      expect(await spent('chat#chat-123')).toBe(before);
    });

    test.each([
      ['dynamodb', 'BatchGetItem', 'InternalServerError', 500],
      ['dynamodb', 'BatchGetItem', 'ValidationException', 400],
      ['dynamodb', 'UpdateItem', 'ResourceNotFoundException', 400],
      ['sns', 'Publish', 'InternalFailure', 500],
      ['sns', 'Publish', 'AuthorizationError', 403],
      ['sns', 'Publish', 'KMSAccessDeniedException', 400],
    ])(
      '500 when %s:%s fails with %s, told by its name and request id alone',
      async (service, action, error, statusCode) => {
        const secret = 'arn:aws:sns:us-east-1:000000000000:secret-topic is not for you';
        await edge.break({ service, action, role: functionOf[wayIn], fault: { error, statusCode, message: secret } });
        const answer = await person('bob').ask(wayIn, message({}, { messageType: 'fifo' }));
        const details = {
          name: expect.stringMatching(/^[A-Za-z]+$/),
          requestId: expect.stringMatching(/^[0-9A-Za-z-]+$/),
        };
        expect(answer).toEqual(refused(wayIn, 500, { error: failure[wayIn], details }));
        expect(String((answer.body['details'] as Frame)['name'])).toContain(error.replace('Exception', ''));
        expect(JSON.stringify(answer)).not.toContain('arn:');
      },
    );
  });

  test('401 once the token of a live socket has ended; renewed, it may send again', async () => {
    const vera = person('vera');
    const [connection] = await tables.rows('Connections', 'userId', userIdOf('vera'), 'byUser');
    const key = { connectionId: String(connection?.['connectionId']) };
    const now = Math.floor(Date.now() / 1000);
    await tables.set('Connections', key, { tokenExpiresAt: now - 1 });
    const own = message({ chatId: userIdOf('vera') });
    expect(await vera.ask('socket', own)).toEqual(refused('socket', 401, { error: 'Unauthorized - token expired' }));
    expect(await vera.ask('socket', { ...own, ackId: 7 })).toMatchObject({ body: { statusCode: 401, ackId: 7 } });
    await tables.set('Connections', key, { tokenExpiresAt: now + 600 });
    expect(await vera.ask('socket', own)).toMatchObject({ status: 200 });
  });

  async function storedIds(chatId: string, messageId: string): Promise<number> {
    const rows = await until('the message in history', async () => {
      const found = (await tables.rows('Messages', 'chatId', chatId)).filter((row) => row['messageId'] === messageId);
      return found.length > 0 && found;
    });
    return rows.length;
  }

  /** Fills the counters of this window and of some to come: with what a chat may get, which is more than a user may send. */
  async function useUp(subject: string): Promise<void> {
    const window = Math.floor(Date.now() / 10_000) * 10;
    const windows = Array.from({ length: 12 }, (_window, index) => window + index * 10);
    await tables.put(
      'RateLimits',
      ...windows.map((start) => ({ subject, window: start, count: 2_000, expiresAt: start + 3600 })),
    );
  }

  async function spent(subject: string): Promise<number> {
    const rows = await tables.rows('RateLimits', 'subject', subject);
    return rows.reduce((sum, { count }) => sum + Number(count), 0);
  }
});
