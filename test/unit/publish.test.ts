import './support/quiet.ts';
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { ulid } from 'ulid';
import { handler as publishOverHttp } from '../../functions/a2p-http-publisher/handler.ts';
import type { Envelope } from '../../functions/domain/protocol/envelope.ts';
import { topicGroupId } from '../../functions/domain/publishing/topic-ids.ts';
import { handler as publishOverSocket } from '../../functions/p2p-websocket-publisher/handler.ts';
import { Aws } from './support/aws.ts';
import { envelope, inSeconds, lambdaContext, socketMessage, type Person } from './support/events.ts';
import { table } from './support/tables.ts';

type Reply = Record<string, unknown>;

const send = { action: 'sendMessage', targetChannel: 'WebSocket' };
const hello = { chatId: 'chat-1', eventType: 'chat', content: 'hello' };
const generated = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const forbidden = 'Forbidden: You do not have permission to send messages to this chat.';

describe('publishing', () => {
  let aws: Aws;

  beforeAll(async () => {
    process.env['STANDARD_TOPIC_ARN'] = 'arn:aws:sns:us-east-1:000000000000:standard';
    process.env['FIFO_TOPIC_ARN'] = 'arn:aws:sns:us-east-1:000000000000:fifo.fifo';
    process.env['LARGE_CHAT_USER_BURST'] = '5';
    aws = await Aws.start();
    await table('PERMISSIONS_TABLE').put(
      { userId: 'ada', chatId: 'chat-1', role: 'admin' },
      { userId: 'vera', chatId: 'chat-1', role: 'viewer' },
      { userId: 'late', chatId: 'chat-1', role: 'member', expiresAt: inSeconds(-1) },
      { userId: 'temp', chatId: 'chat-1', role: 'member', expiresAt: inSeconds(600) },
      { userId: 'machine', chatId: 'chat-1', role: 'member' },
    );
  });

  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  async function overSocket(body: unknown, person: Partial<Person> = {}): Promise<Reply> {
    const answer = await publishOverSocket(socketMessage({ userId: 'ada', ...person }, body), lambdaContext());
    const reply = JSON.parse(answer.body ?? '') as Reply;
    expect(answer.statusCode).toBe(reply['statusCode'] ?? 200);
    return reply;
  }

  async function overHttp(body: unknown, claims: Record<string, string> = { sub: 'ada' }, base64 = false) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await publishOverHttp(
      {
        body: base64 ? Buffer.from(text).toString('base64') : text,
        isBase64Encoded: base64,
        requestContext: { authorizer: { jwt: { claims, scopes: [] } } },
      } as unknown as APIGatewayProxyEventV2WithJWTAuthorizer,
      lambdaContext(),
    );
    return { statusCode: answer.statusCode, reply: JSON.parse(answer.body ?? '') as Reply };
  }

  function published(): { envelope: Envelope; topic: unknown; groupId: unknown; deduplicationId: unknown }[] {
    return aws.inputs('Publish').map((input) => ({
      envelope: JSON.parse(String(input['Message'])) as Envelope,
      topic: input['TopicArn'],
      groupId: input['MessageGroupId'],
      deduplicationId: input['MessageDeduplicationId'],
    }));
  }

  describe('over a socket', () => {
    test('a standard message is published with what the processor needs, and replied to', async () => {
      const reply = await overSocket({ ...send, messageGroupId: 'ignored', generateSequence: true, payload: hello });
      expect(reply).toEqual({
        type: 'reply',
        message: 'Message sent successfully via WebSocket!',
        messageId: expect.stringMatching(generated),
        messageType: 'standard',
        targetChannel: 'WebSocket',
      });
      expect(published()).toEqual([
        {
          topic: 'arn:aws:sns:us-east-1:000000000000:standard',
          groupId: topicGroupId(envelope({ payload: hello })),
          deduplicationId: undefined,
          envelope: {
            version: 1,
            messageId: reply['messageId'],
            senderId: 'ada',
            publishTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
            targetChannel: 'WebSocket',
            messageType: 'standard',
            payload: hello,
          },
        },
      ]);
      expect(aws.inputs('Publish')[0]).toMatchObject({
        'MessageAttributes.entry.1.Name': 'targetChannel',
        'MessageAttributes.entry.1.Value.DataType': 'String',
        'MessageAttributes.entry.1.Value.StringValue': 'WebSocket',
      });
    });

    test('one read, one publish, and two counters', async () => {
      await overSocket({ ...send, payload: hello, messageId: ulid() });
      expect([...aws.actions].sort()).toEqual(['BatchGetItem', 'Publish', 'UpdateItem', 'UpdateItem']);
      expect(aws.inputs('BatchGetItem')).toEqual([
        {
          RequestItems: {
            permissions_table: expect.objectContaining({ ConsistentRead: true }),
            connections_table: expect.objectContaining({ ConsistentRead: true }),
            messages_table: expect.objectContaining({ ConsistentRead: true }),
            subscriptions_table: expect.objectContaining({
              Keys: [{ chatId: { S: 'chat-1' }, subscriber: { S: '!large' } }],
            }),
          },
        },
      ]);
    });

    test('a large chat takes fewer messages, learnt in the same read', async () => {
      const chatId = 'hall';
      await table('PERMISSIONS_TABLE').put({ userId: 'ada', chatId, role: 'member' });
      await table('SUBSCRIPTIONS_TABLE').put({ chatId, subscriber: '!large', since: '2026-01-01T00:00:00.000Z' });
      const say = () => overSocket({ ...send, payload: { ...hello, chatId } });
      await say();
      expect([...aws.actions].sort()).toEqual(['BatchGetItem', 'Publish', ...Array<string>(3).fill('UpdateItem')]);
      const replies = await Promise.all(Array.from({ length: 20 }, say));
      const refused = replies.filter(({ statusCode }) => statusCode === 429);
      // Five in a window, of which there may be two in the time this takes.
      expect(refused.length).toBeGreaterThanOrEqual(21 - 2 * 5);
      expect(refused[0]).toMatchObject({ error: 'Too many requests', retryAfterMs: expect.any(Number) });
      expect(await overSocket({ ...send, payload: hello })).toMatchObject({ type: 'reply' });
    });

    test('a FIFO message names its group in the reply: its own, or the chat', async () => {
      const given = await overSocket({
        ...send,
        messageType: 'fifo',
        messageGroupId: 'room 7',
        messageId: ulid(),
        payload: hello,
      });
      expect(given).toMatchObject({ messageType: 'fifo', messageGroupId: 'room 7' });
      const none = await overSocket({ ...send, messageType: 'fifo', messageId: ulid(), payload: hello });
      expect(none).toMatchObject({ messageType: 'fifo', messageGroupId: 'chat-1' });
      expect(published().map(({ envelope }) => envelope.messageGroupId)).toEqual(['room 7', 'chat-1']);
    });

    test('without a messageId a FIFO reply says that content is what is deduplicated', async () => {
      const reply = await overSocket({ ...send, messageType: 'fifo', payload: hello });
      expect(reply).toMatchObject({ deduplication: 'content' });
      expect(await overSocket({ ...send, messageType: 'fifo', payload: hello, messageId: ulid() })).not.toHaveProperty(
        'deduplication',
      );
    });

    test('requestAck is answered with an ack, which says when; ackId is echoed', async () => {
      expect(await overSocket({ ...send, payload: hello, requestAck: true, ackId: 'a-1' })).toEqual({
        type: 'ack',
        status: 'success',
        message: 'Message sent successfully via WebSocket!',
        messageId: expect.stringMatching(generated),
        messageType: 'standard',
        targetChannel: 'WebSocket',
        timestamp: published()[0]?.envelope.publishTimestamp,
        ackId: 'a-1',
      });
    });

    test('a number is asked for on FIFO only, and not beside one of the sender’s own', async () => {
      const customSequence = { number: 7, scope: 'mine' };
      await overSocket({ ...send, messageType: 'fifo', generateSequence: true, payload: hello });
      await overSocket({ ...send, messageType: 'fifo', generateSequence: true, payload: { ...hello, customSequence } });
      await overSocket({ ...send, generateSequence: true, payload: { ...hello, customSequence } });
      expect(published().map(({ envelope }) => envelope.generateSequence)).toEqual([true, undefined, undefined]);
      expect(published().map(({ envelope }) => envelope.payload['customSequence'])).toEqual([
        undefined,
        customSequence,
        customSequence,
      ]);
    });

    test('the earlier protocol’s targetId is the chat', async () => {
      await overSocket({
        ...send,
        payload: { targetId: 'ada', targetClass: 'user', eventType: 'note', content: 'to myself' },
      });
      expect(published()[0]?.envelope.payload).toEqual({
        chatId: 'ada',
        targetId: 'ada',
        targetClass: 'user',
        eventType: 'note',
        content: 'to myself',
      });
    });

    test('a payload arrives as it was sent, whatever its fields are called', async () => {
      const text =
        `{"action":"sendMessage","targetChannel":"WebSocket","payload":{"chatId":"chat-1","eventType":"e","content":null,
        "constructor":1,"__proto__":{"x":1},"odd":"\uFFFE\u0000"}}`.replace('\u0000', '\\u0000');
      await overSocket(text);
      const sent = String(aws.inputs('Publish')[0]?.['Message']);
      expect(sent).not.toContain('\uFFFE');
      expect(sent).toContain('"constructor":1,"__proto__":{"x":1},"odd":"\\ufffe\\u0000"');
    });

    test('a message without an action is a sendMessage; another action is refused by name', async () => {
      expect(await overSocket({ targetChannel: 'WebSocket', payload: hello })).toMatchObject({ type: 'reply' });
      expect(await overSocket({ action: 'shout', payload: hello, ackId: 3 })).toEqual({
        type: 'error',
        error:
          'Unknown action: "shout". Known actions: sendMessage, subscribe, unsubscribe, replay, ping, authenticate, report.',
        statusCode: 400,
        ackId: 3,
      });
    });

    test('a token that has ended is refused, unless it was renewed on the socket', async () => {
      const ended = { connectionId: 'ended', tokenExpiresAt: inSeconds(-1) };
      expect(await overSocket({ ...send, payload: hello }, ended)).toMatchObject({
        error: 'Unauthorized - token expired',
        statusCode: 401,
      });
      const renewed = { connectionId: 'renewed', tokenExpiresAt: inSeconds(-1) };
      await table('CONNECTIONS_TABLE').put({ connectionId: 'renewed', tokenExpiresAt: inSeconds(600) });
      expect(await overSocket({ ...send, payload: hello }, renewed)).toMatchObject({ type: 'reply' });
    });

    test('any ackId is echoed as it came, and one too long to echo is refused', async () => {
      for (const ackId of ['', 0, null, false, ['a', 1], { request: 7 }, 'x'.repeat(1022)]) {
        expect(await overSocket({ ...send, ackId, payload: hello })).toMatchObject({ type: 'reply', ackId });
      }
      expect(await overSocket({ ...send, ackId: 'x'.repeat(1023), payload: hello })).toEqual({
        type: 'error',
        error: 'Invalid ackId: expected at most 1024 characters of JSON, got a string of 1023 characters.',
        statusCode: 400,
      });
    });

    test('nobody in the context', async () => {
      expect(await overSocket({ ...send, payload: hello }, { userId: '' })).toEqual({
        type: 'error',
        error: 'Unauthorized - No user ID in context',
        statusCode: 401,
      });
    });
  });

  describe('permission', () => {
    test.each([
      ['a stranger', 'mallory'],
      ['a viewer', 'vera'],
      ['a member whose permission has ended', 'late'],
    ])('%s may not send, and spends nobody’s allowance', async (_who, userId) => {
      expect(await overSocket({ ...send, payload: hello }, { userId })).toMatchObject({
        statusCode: 403,
        error: forbidden,
      });
      expect(aws.actions).toEqual(['BatchGetItem']);
    });

    test('a member whose permission will end, and anyone in their own channel, may', async () => {
      expect(await overSocket({ ...send, payload: hello }, { userId: 'temp' })).toMatchObject({ type: 'reply' });
      const own = { ...hello, chatId: 'mallory' };
      expect(await overSocket({ ...send, payload: own }, { userId: 'mallory' })).toMatchObject({ type: 'reply' });
    });
  });

  describe('a messageId given by the sender', () => {
    const stored = async (messageId: string, row: object = {}): Promise<void> =>
      table('MESSAGES_TABLE').put({
        chatId: 'chat-1',
        messageId,
        senderId: 'ada',
        messageType: 'standard',
        payload: JSON.stringify({ content: 'hello', eventType: 'chat', chatId: 'chat-1' }),
        publishTimestamp: '2026-01-01T00:00:00.000Z',
        ...row,
      });
    const inGroup = { messageType: 'fifo', messageGroupId: 'chat-1' };

    test('that history holds with the same content: the same reply, and nothing published', async () => {
      const messageId = ulid();
      await stored(messageId, inGroup);
      const reply = await overSocket({ ...send, messageType: 'fifo', messageId, requestAck: true, payload: hello });
      expect(reply).toEqual({
        type: 'ack',
        status: 'success',
        message: 'Message sent successfully via WebSocket!',
        messageId,
        messageType: 'fifo',
        targetChannel: 'WebSocket',
        messageGroupId: 'chat-1',
        timestamp: '2026-01-01T00:00:00.000Z',
      });
      expect(aws.actions).toEqual(['BatchGetItem']);
    });

    test('the reply tells how the stored message went, whatever the retry asks for', async () => {
      const [asFifo, asStandard] = [ulid(), ulid()];
      await stored(asFifo, inGroup);
      await stored(asStandard);
      expect(await overSocket({ ...send, messageId: asFifo, payload: hello })).toMatchObject({
        messageType: 'fifo',
        messageGroupId: 'chat-1',
      });
      const reply = await overSocket({ ...send, messageType: 'fifo', messageId: asStandard, payload: hello });
      expect(reply).toMatchObject({ messageType: 'standard' });
      expect(reply).not.toHaveProperty('messageGroupId');
    });

    test.each([
      ['another content', { payload: JSON.stringify({ ...hello, content: 'bye' }) }],
      ['another sender', { senderId: 'carol' }],
    ])('that history holds with %s: a conflict', async (_what, row) => {
      const messageId = ulid();
      await stored(messageId, row);
      expect(await overSocket({ ...send, messageId, payload: hello })).toMatchObject({
        statusCode: 409,
        error: 'Conflict: messageId is already used.',
      });
    });

    test.each([
      ['the same', {}],
      ['another message', { senderId: 'carol' }],
    ])(
      'that history holds for %s, on another channel: published, since history has WebSocket only',
      async (_what, row) => {
        const messageId = ulid();
        await stored(messageId, row);
        const reply = await overSocket({ ...send, targetChannel: 'Email', messageId, payload: hello });
        expect(reply).toMatchObject({ type: 'reply', messageId, targetChannel: 'Email' });
        expect(published()).toMatchObject([{ envelope: { messageId, targetChannel: 'Email' } }]);
        expect(aws.inputs('BatchGetItem')[0]?.['RequestItems']).not.toHaveProperty('messages_table');
      },
    );

    test.each([
      ['more than 24 h old', -86_410_000],
      ['more than 60 s ahead', 70_000],
    ])('%s: refused', async (_what, offset) => {
      const messageId = ulid(Date.now() + offset);
      expect(await overSocket({ ...send, messageId, payload: hello })).toMatchObject({
        statusCode: 400,
        error: expect.stringMatching(
          /^Invalid messageId: expected a time at most 24 h ago and at most 60 s ahead, got "/,
        ),
      });
      expect(aws.actions).toEqual([]);
    });
  });

  test('bytes that are no UTF-8 are refused, not changed', async () => {
    const [before = '', after = ''] = JSON.stringify({ ...send, payload: { ...hello, content: '|' } }).split('|');
    const bytes = Buffer.concat([Buffer.from(before), Buffer.of(0xff), Buffer.from(after)]);
    const event = { ...socketMessage({ userId: 'ada' }, ''), body: bytes.toString('base64'), isBase64Encoded: true };
    const answer = await publishOverSocket(event, lambdaContext());
    expect(JSON.parse(answer.body ?? '')).toEqual({ type: 'error', error: 'Request body not json', statusCode: 400 });
  });

  test('a message that could not be delivered in one piece is refused, with both numbers', async () => {
    const reply = await overSocket({ ...send, payload: { ...hello, content: 'é'.repeat(65_420) } });
    expect(reply).toMatchObject({ statusCode: 413 });
    expect(reply['error']).toMatch(
      /^Payload too large: the delivered message could be 131\d{3} bytes, and at most 131072 are allowed\..*multiPartMetadata/,
    );
    expect(await overSocket({ ...send, payload: { ...hello, content: 'é'.repeat(65_000) } })).toMatchObject({
      type: 'reply',
    });
  });

  describe('over HTTP', () => {
    test('the reply is the document’s', async () => {
      const messageId = ulid();
      const { statusCode, reply } = await overHttp({
        targetChannel: 'WebSocket',
        messageType: 'fifo',
        messageId,
        ackId: 'not on HTTP',
        payload: hello,
      });
      expect(statusCode).toBe(200);
      expect(reply).toEqual({
        message: 'Message sent successfully!',
        messageId,
        messageType: 'fifo',
        targetChannel: 'WebSocket',
        messageGroupId: 'chat-1',
      });
    });

    test('another channel is published, too', async () => {
      const { reply } = await overHttp({ targetChannel: 'Email', payload: hello });
      expect(reply).toMatchObject({ targetChannel: 'Email' });
      expect(aws.inputs('Publish')[0]).toMatchObject({ 'MessageAttributes.entry.1.Value.StringValue': 'Email' });
    });

    test('a body in base64 is read', async () => {
      const { statusCode } = await overHttp({ targetChannel: 'WebSocket', payload: hello }, { sub: 'ada' }, true);
      expect(statusCode).toBe(200);
    });

    test('a machine is its client id', async () => {
      const { statusCode } = await overHttp({ targetChannel: 'WebSocket', payload: hello }, { client_id: 'machine' });
      expect(statusCode).toBe(200);
      expect(published()[0]?.envelope.senderId).toBe('machine');
    });

    test.each([
      ['no claims', {}, 401, { error: 'Unauthorized - No user ID in context' }],
      ['a stranger', { sub: 'mallory' }, 403, { error: forbidden }],
    ])('%s', async (_who, claims, statusCode, error) => {
      expect(await overHttp({ targetChannel: 'WebSocket', payload: hello }, claims)).toEqual({
        statusCode,
        reply: error,
      });
    });

    test('a body that is no JSON object', async () => {
      expect(await overHttp('[1]')).toEqual({ statusCode: 400, reply: { error: 'Request body not json' } });
    });
  });

  describe('when AWS fails', () => {
    test.each([
      ['BatchGetItem', 'AccessDeniedException'],
      ['UpdateItem', 'ResourceNotFoundException'],
      ['Publish', 'AuthorizationError'],
    ])('%s: a 500 that names the error and nothing else of it', async (action, error) => {
      aws.fail(action, { error });
      const reply = await overSocket({ ...send, payload: hello, ackId: 'a' });
      expect(reply).toEqual({
        type: 'error',
        error: 'Failed to send message via WebSocket',
        statusCode: 500,
        details: { name: expect.any(String), requestId: expect.any(String) },
        ackId: 'a',
      });
      expect(JSON.stringify(reply)).not.toContain('arn:');
      const { reply: httpReply } = await overHttp({ targetChannel: 'WebSocket', payload: hello });
      expect(httpReply).toMatchObject({ error: 'Failed to send message', details: { name: expect.any(String) } });
    });

    test('a lost answer is asked for again', async () => {
      aws.fail('BatchGetItem', { dropReply: true }, { times: 1 });
      aws.fail('Publish', { error: 'ServiceUnavailable', status: 503 }, { times: 1 });
      expect(await overSocket({ ...send, payload: hello })).toMatchObject({ type: 'reply' });
    });
  });
});
