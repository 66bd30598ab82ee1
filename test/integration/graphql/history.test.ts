import { ulid } from 'ulid';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { type Frame, TestSocket } from '../../setup/socket.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { Api, fresh, type Page } from './api.ts';

const all = `chatId messageId senderId eventType content payload messageType publishTimestamp sequence
  customSequence { number scope timestamp } multiPartMetadata { groupId totalParts partNumber }`;
type Message = Record<string, unknown> & { messageId: string; publishTimestamp: string; content: string };

describe('history', () => {
  let cloud: Cloud;
  let api: Api;
  let bob: TestSocket;
  const chatId = fresh('history');

  beforeAll(async () => {
    cloud = await startCloud();
    api = new Api(cloud.outputs);
    await api.createChat('bob', chatId);
    bob = await TestSocket.openAs(cloud.outputs, 'bob', chatId);
  });

  afterAll(async () => {
    await bob.close();
    await cloud.stop();
  });

  /** Sends over the socket and waits until the message has come back live and is in history. */
  async function send(payload: Frame, fields: Frame = {}): Promise<{ frame: Frame; message: Message }> {
    const sent = { action: 'sendMessage', targetChannel: 'WebSocket', messageType: 'fifo', ...fields };
    const { messageId } = await bob.request({ ...sent, payload: { chatId, eventType: 'chat', ...payload } });
    const frame = await bob.next((received) => received['messageId'] === messageId && !received['type']);
    await until('the message in history', () => api.finds('bob', chatId, String(messageId)));
    const query = `query($chatId: ID!, $messageId: ID!) { message(chatId: $chatId, messageId: $messageId) { ${all} } }`;
    const { message } = await api.data<{ message: Message }>('bob', query, { chatId, messageId });
    return { frame, message };
  }

  async function read(field: string, args: string): Promise<Message[]> {
    const query = `{ page: ${field}(chatId: "${chatId}", ${args}) { items { ${all} } nextToken } }`;
    return (await api.data<{ page: Page<Message> }>('bob', query)).page.items;
  }

  test('shows a numbered message as it was sent and as the socket delivered it', async () => {
    const content = { text: 'Grüße, “Bob” 👋', list: [1, null, { deep: true }], n: 1e21 };
    const { frame, message } = await send({ content, mood: 'glad' }, { generateSequence: true });
    const { sequence, publishTimestamp, messageId } = frame;
    expect(sequence).toEqual(expect.any(Number));
    expect(message).toEqual({
      chatId,
      messageId,
      senderId: api.userId('bob'),
      eventType: 'chat',
      content: expect.any(String),
      payload: expect.any(String),
      messageType: 'fifo',
      publishTimestamp,
      sequence,
      customSequence: { number: sequence, scope: chatId, timestamp: publishTimestamp },
      multiPartMetadata: null,
    });
    expect(message['customSequence']).toEqual(frame['customSequence']);
    expect(JSON.parse(message.content)).toEqual(content);
    expect(JSON.parse(String(message['payload']))).toEqual({ chatId, eventType: 'chat', content, mood: 'glad' });
  });

  test('shows the sender’s own number and part, and no number of the service', async () => {
    const customSequence = { number: 7, scope: 'mine', timestamp: '2026-01-01T00:00:00.000Z' };
    const multiPartMetadata = { groupId: 'g-1', totalParts: 3, partNumber: 2 };
    const { message } = await send({ content: 'part', customSequence, multiPartMetadata }, { messageType: 'standard' });
    expect(message).toMatchObject({ messageType: 'standard', sequence: null, customSequence, multiPartMetadata });
  });

  test.each([['a text'], [''], [0], [false], [[]]])('keeps content %j as JSON', async (content) => {
    const { message } = await send({ content });
    expect(JSON.parse(message.content)).toEqual(content);
  });

  test('reads a stretch of time from either end, and a stretch of numbers', async () => {
    const sent: Message[] = [];
    for (const content of ['one', 'two', 'three', 'four']) {
      sent.push((await send({ content }, { generateSequence: true })).message);
    }
    const [, two, three] = sent as [Message, Message, Message, Message];
    const stretch = `from: "${two.publishTimestamp}", to: "${three.publishTimestamp}"`;
    expect(await read('messages', stretch)).toEqual([three, two]);
    expect(await read('messages', `${stretch}, newestFirst: false`)).toEqual([two, three]);
    expect(await read('messages', `to: "${two.publishTimestamp}", limit: 1`)).toEqual([two]);
    expect(await read('messages', `from: "${three.publishTimestamp}", newestFirst: false, limit: 1`)).toEqual([three]);
    const numbers = `from: ${String(two['sequence'])}, to: ${String(three['sequence'])}`;
    expect(await read('messagesBySequence', numbers)).toEqual([two, three]);
    const { chat } = await api.data<{ chat: Frame }>('bob', `{ chat(chatId: "${chatId}") { headSequence } }`);
    expect(chat).toEqual({ headSequence: sent[3]?.['sequence'] });
  });

  test('leaves out what has expired, whether the row is deleted yet or not', async () => {
    const tables = await Tables.of(cloud.outputs);
    const now = Date.now();
    const row = (age: number, expiresAt: number) => ({
      chatId,
      messageId: ulid(now - age),
      senderId: 'someone',
      eventType: 'chat',
      messageType: 'fifo',
      payload: '{"content":"old"}',
      publishTimestamp: new Date(now - age).toISOString(),
      sequence: 1_000_000 + age,
      expiresAt: Math.floor(now / 1000) + expiresAt,
    });
    const [expired, kept] = [row(1, -1), row(2, 3600)];
    await tables.fill('Messages', [expired, kept]);
    const { gone, there } = await api.data(
      'bob',
      `{ gone: message(chatId: "${chatId}", messageId: "${expired.messageId}") { messageId }
         there: message(chatId: "${chatId}", messageId: "${kept.messageId}") { messageId } }`,
    );
    expect([gone, there]).toEqual([null, { messageId: kept.messageId }]);
    for (const items of [await read('messages', 'limit: 100'), await read('messagesBySequence', 'from: 1000000')]) {
      const ids = items.map(({ messageId }) => messageId);
      expect(ids).toContain(kept.messageId);
      expect(ids).not.toContain(expired.messageId);
    }
    tables.close();
  });
});

describe('live connections', () => {
  test('are shown to administrators, by chat and by person, until they end', async () => {
    const cloud = await startCloud();
    const api = new Api(cloud.outputs);
    const live = async (field: string, of: string): Promise<Frame[]> => {
      const query = `{ page: ${field}(${of}) { items { connectionId userId connectedAt frames accessExpiresAt } } }`;
      return (await api.data<{ page: Page<Frame> }>('ada', query)).page.items;
    };
    const byUser = () => live('connectionsByUser', `userId: "${api.userId('vera')}"`);
    const byChat = () => live('connectionsByChat', 'chatId: "chat-123"');

    const vera = await TestSocket.openAs(cloud.outputs, 'vera', 'chat-123');
    const [connection] = await until('the connection', async () => {
      const found = await byUser();
      return found.length > 0 && found;
    });
    const claims = JSON.parse(Buffer.from((await api.token('vera')).split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number;
    };
    expect(connection).toEqual({
      connectionId: expect.any(String),
      userId: api.userId('vera'),
      connectedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      frames: 'single',
      accessExpiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(Math.abs(Date.parse(String(connection?.['accessExpiresAt'])) / 1000 - claims.exp)).toBeLessThan(60);
    expect((await byChat()).map(({ connectionId }) => connectionId)).toEqual([connection?.['connectionId']]);

    await vera.close();
    await until('no connection', async () => (await byUser()).length + (await byChat()).length === 0);
    await cloud.stop();
  });
});
