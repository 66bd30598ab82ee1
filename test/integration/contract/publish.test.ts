import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { personNamed } from '../../setup/sign-in.ts';
import type { Frame } from '../../setup/socket.ts';
import { Tables } from '../../setup/tables.ts';
import { acceptances, longChat, oddChat } from './acceptances.ts';
import { refusals } from './refusals.ts';
import { type Body, Sender, type WayIn, waysIn } from './ways-in.ts';

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const taken = { socket: 'Message sent successfully via WebSocket!', http: 'Message sent successfully!' };

describe('what is sent, and exactly what is answered', () => {
  let cloud: Cloud;
  let tables: Tables;
  let bob: Sender;
  let carol: Sender;

  beforeAll(async () => {
    cloud = await startCloud();
    tables = await Tables.of(cloud.outputs);
    const { userId } = personNamed(cloud.outputs, 'bob');
    await tables.put('Permissions', ...[oddChat, longChat].map((chatId) => ({ userId, chatId, role: 'member' })));
    bob = await Sender.signedIn(cloud.outputs, 'bob');
    carol = await Sender.signedIn(cloud.outputs, 'carol', 'chat-123');
  });

  afterAll(async () => {
    await Promise.all([bob, carol].map((sender) => sender.close()));
    tables.close();
    await cloud.stop();
  });

  function each<Row extends { what: string; only?: WayIn }>(rows: Row[]): [WayIn, string, Row][] {
    return waysIn.flatMap((wayIn) =>
      rows.filter(({ only = wayIn }) => only === wayIn).map((row): [WayIn, string, Row] => [wayIn, row.what, row]),
    );
  }

  for (const [group, rows] of Object.entries(refusals)) {
    test.each(each(rows))(`refused for ${group}, over %s: %s`, async (wayIn, _what, { body, error }) => {
      const words = typeof error === 'string' ? error : expect.stringMatching(error);
      expect(await bob.ask(wayIn, body)).toEqual(
        wayIn === 'socket'
          ? { status: 400, body: { type: 'error', error: words, statusCode: 400 } }
          : { status: 400, body: { error: words } },
      );
    });
  }

  test.each(each(acceptances))('taken over %s: %s', async (wayIn, _what, { body: sent, reply, delivered }) => {
    const body = wayIn === 'http' ? besides(sent) : sent;
    const answer = await bob.ask(wayIn, body);
    expect(answer).toEqual({
      status: 200,
      body: {
        ...(wayIn === 'socket' && { type: 'reply' }),
        message: taken[wayIn],
        messageId: expect.stringMatching(ulid),
        ...reply,
      },
    });
    if (delivered === false) return;
    const { messageId } = answer.body;
    const frame = await carol.socket.next((received) => received['messageId'] === messageId, `message ${messageId}`);
    expect(frame).toEqual({
      ...payloadOf(body),
      ...delivered,
      ...(isNumbered(body) && { sequence: expect.any(Number), customSequence: expect.anything() }),
      messageId,
      senderId: personNamed(cloud.outputs, 'bob').userId,
      publishTimestamp: expect.stringMatching(isoTime),
      sqsMetadata: expect.objectContaining({ retryCount: expect.any(Number) }),
    });
  });

  test('requestAck is answered with an ack on a socket, and with the reply over HTTP', async () => {
    const request = {
      targetChannel: 'WebSocket',
      messageType: 'fifo',
      requestAck: true,
      ackId: 'a-2',
      payload: { chatId: 'chat-123', eventType: 'chat', content: 'tell me' },
    };
    const reply = {
      messageId: expect.stringMatching(ulid),
      messageType: 'fifo',
      targetChannel: 'WebSocket',
      messageGroupId: 'chat-123',
      deduplication: 'content',
    };
    expect((await bob.ask('socket', request)).body).toEqual({
      type: 'ack',
      status: 'success',
      message: taken.socket,
      ...reply,
      timestamp: expect.stringMatching(isoTime),
      ackId: 'a-2',
    });
    expect((await bob.ask('http', request)).body).toEqual({ message: taken.http, ...reply });
  });

  test('an error echoes the ackId too, whatever is wrong with the rest', async () => {
    const error = 'Missing required parameters: targetChannel and payload are required.';
    expect((await bob.ask('socket', { ackId: 'a-3' })).body).toEqual({
      type: 'error',
      error,
      statusCode: 400,
      ackId: 'a-3',
    });
    expect((await bob.ask('http', { ackId: 'a-3' })).body).toEqual({ error });
  });

  /** The same again with a word more: equal contents of one sender would be one FIFO message, whichever way they come in. */
  function besides(body: Body): Body {
    const { payload, ...rest } = body as { payload: Frame };
    return { ...rest, payload: { ...payload, via: 'http' } };
  }

  function payloadOf(body: unknown): Frame {
    const text = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body as string).toString() : '';
    return (text ? (JSON.parse(text) as Frame) : (body as Frame))['payload'] as Frame;
  }

  function isNumbered(body: unknown): boolean {
    const { messageType, generateSequence } = body as Frame;
    return messageType === 'fifo' && generateSequence === true;
  }
});
