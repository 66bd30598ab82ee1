import { type Cloud, startCloud } from '../setup/cloud.ts';
import { personNamed, signIn } from '../setup/sign-in.ts';
import { ConnectionRefused, type Frame, TestSocket } from '../setup/socket.ts';

const ulid = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const uuid = /^[0-9a-f-]{36}$/;

describe('a message goes from one socket to every subscriber of its chat', () => {
  let cloud: Cloud;
  let bob: TestSocket;
  let carol: TestSocket;
  let vera: TestSocket;

  beforeAll(async () => {
    cloud = await startCloud();
    [bob, carol, vera] = await Promise.all([
      TestSocket.openAs(cloud.outputs, 'bob', 'chat-123'),
      TestSocket.openAs(cloud.outputs, 'carol', 'chat-123'),
      TestSocket.openAs(cloud.outputs, 'vera', 'chat-123'),
    ]);
  });

  afterAll(async () => {
    await Promise.all([bob, carol, vera].map((socket) => socket.close()));
    await cloud.stop();
  });

  function eachReceives(content: unknown): Promise<Frame[]> {
    const matches = (frame: Frame): boolean => JSON.stringify(frame['content']) === JSON.stringify(content);
    return Promise.all([bob, carol, vera].map((socket) => socket.next(matches, `message ${JSON.stringify(content)}`)));
  }

  test('standard: the sender gets a reply, and everybody the exact frame', async () => {
    const reply = await bob.request({
      action: 'sendMessage',
      targetChannel: 'WebSocket',
      payload: { chatId: 'chat-123', eventType: 'notification', content: 'a standard message' },
    });
    expect(reply).toEqual({
      type: 'reply',
      message: 'Message sent successfully via WebSocket!',
      messageId: expect.stringMatching(ulid),
      messageType: 'standard',
      targetChannel: 'WebSocket',
      ackId: expect.any(String),
    });
    for (const frame of await eachReceives('a standard message')) {
      expect(frame).toEqual({
        chatId: 'chat-123',
        eventType: 'notification',
        content: 'a standard message',
        messageId: reply['messageId'],
        senderId: personNamed(cloud.outputs, 'bob').userId,
        publishTimestamp: expect.stringMatching(isoTime),
        sqsMetadata: { messageId: expect.stringMatching(uuid), retryCount: expect.any(Number) },
      });
    }
  });

  test('FIFO: the frame carries the queue’s sequence number and the group as the sender gave it', async () => {
    const reply = await bob.request({
      action: 'sendMessage',
      targetChannel: 'WebSocket',
      messageType: 'fifo',
      messageGroupId: 'chat-room-789',
      payload: { chatId: 'chat-123', eventType: 'chat', content: { text: 'a FIFO message', tags: [1, 'two', null] } },
    });
    expect(reply).toMatchObject({ type: 'reply', messageType: 'fifo', messageGroupId: 'chat-room-789' });
    for (const frame of await eachReceives({ text: 'a FIFO message', tags: [1, 'two', null] })) {
      expect(frame).toEqual({
        chatId: 'chat-123',
        eventType: 'chat',
        content: { text: 'a FIFO message', tags: [1, 'two', null] },
        messageId: reply['messageId'],
        senderId: personNamed(cloud.outputs, 'bob').userId,
        publishTimestamp: expect.stringMatching(isoTime),
        sqsMetadata: {
          messageId: expect.stringMatching(uuid),
          messageGroupId: 'chat-room-789',
          sequenceNumber: expect.stringMatching(/^\d{20}$/),
          retryCount: 0,
        },
      });
    }
  });

  test('a backend’s POST /publish reaches the sockets', async () => {
    const { accessToken } = await signIn(cloud.outputs, 'carol');
    const response = await fetch(new URL('publish', `${cloud.outputs.httpUrl}/`), {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        targetChannel: 'WebSocket',
        messageType: 'fifo',
        payload: { chatId: 'chat-123', eventType: 'notification', content: 'from a backend' },
      }),
    });
    expect(response.status).toBe(200);
    const reply = (await response.json()) as Frame;
    expect(reply).toEqual({
      message: 'Message sent successfully!',
      messageId: expect.stringMatching(ulid),
      messageType: 'fifo',
      targetChannel: 'WebSocket',
      messageGroupId: 'chat-123',
      deduplication: 'content',
    });
    const frames = await eachReceives('from a backend');
    expect(frames.map((frame) => frame['messageId'])).toEqual(Array(3).fill(reply['messageId']));
  });

  test('a stranger cannot open a socket to the chat', async () => {
    const refused = TestSocket.openAs(cloud.outputs, 'mallory', 'chat-123');
    await expect(refused).rejects.toThrow(new ConnectionRefused(403));
  });

  test('a stranger with a socket of their own cannot send to the chat', async () => {
    const mallory = await TestSocket.openAs(cloud.outputs, 'mallory');
    const reply = await mallory.request({
      action: 'sendMessage',
      targetChannel: 'WebSocket',
      payload: { chatId: 'chat-123', eventType: 'chat', content: 'let me in' },
    });
    expect(reply).toMatchObject({
      type: 'error',
      statusCode: 403,
      error: 'Forbidden: You do not have permission to send messages to this chat.',
    });
    await mallory.close();
  });

  test('a viewer receives and cannot send', async () => {
    const reply = await vera.request({
      action: 'sendMessage',
      targetChannel: 'WebSocket',
      payload: { chatId: 'chat-123', eventType: 'chat', content: 'I only look' },
    });
    expect(reply).toMatchObject({ type: 'error', statusCode: 403 });
  });

  test('a request without a token is not answered by a function', async () => {
    const response = await fetch(new URL('publish', `${cloud.outputs.httpUrl}/`), { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ message: 'Unauthorized' });
  });
});
