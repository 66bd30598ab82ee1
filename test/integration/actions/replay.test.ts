import type { Frame, TestSocket } from '../../setup/socket.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';

const ackId = expect.any(String);

describe('replaying history on a live socket', () => {
  let stage: Stage;
  let tables: Tables;
  let bob: TestSocket;
  let vera: TestSocket;

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
    [bob, vera] = await Promise.all([stage.listen('bob', 'long'), stage.open('vera')]);
    await stage.outside.grant('long', ['vera'], { role: 'viewer' });
    for (let start = 0; start < 300; start += 10) {
      await stage.publish('Fifo', 'long', oneTo(10), { generateSequence: true });
    }
    await until('300 messages in history', async () => (await stage.outside.history('long')).length === 300);
  });
  afterAll(async () => {
    tables.close();
    await stage.close();
  });

  const oneTo = (last: number): number[] => Array.from({ length: last }, (_number, index) => index + 1);
  const messagesOf = (page: Frame): Frame[] => page['messages'] as Frame[];

  /** Asks for page after page until one is complete. */
  async function replayAll(socket: TestSocket, request: Record<string, unknown>): Promise<Frame[]> {
    const pages: Frame[] = [];
    for (let next = request; ;) {
      const page = await socket.request({ action: 'replay', ...next });
      expect(page).toMatchObject({ type: 'replay' });
      pages.push(page);
      if (page['complete']) return pages;
      const { nextSequence, nextMessageId } = page;
      const { chatId } = request;
      next = nextMessageId ? { chatId, afterMessageId: nextMessageId } : { chatId, fromSequence: nextSequence };
    }
  }

  test('a viewer gets 300 messages page by page, none missing, none twice, each as it was delivered', async () => {
    const pages = await replayAll(vera, { chatId: 'long', fromSequence: 1 });
    const messages = pages.flatMap(messagesOf);
    expect(messages.map(({ sequence }) => sequence)).toEqual(oneTo(300));
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages) {
      expect(page).toMatchObject({ headSequence: 300, firstSequence: 1 });
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(32 * 1024);
    }
    const live = await bob.collect(({ chatId }) => chatId === 'long', 300);
    const byNumber = [...live].sort((one, other) => Number(one['sequence']) - Number(other['sequence']));
    for (const frame of byNumber) delete frame['sqsMetadata'];
    expect(messages).toEqual(byNumber);
  });

  test('a range is given alone, and beyond the head there is nothing', async () => {
    const page = await vera.request({ action: 'replay', chatId: 'long', fromSequence: 298, toSequence: 1000 });
    expect(messagesOf(page).map(({ sequence }) => sequence)).toEqual([298, 299, 300]);
    expect(await vera.request({ action: 'replay', chatId: 'long', fromSequence: 301 })).toEqual({
      type: 'replay',
      chatId: 'long',
      messages: [],
      headSequence: 300,
      firstSequence: 1,
      complete: true,
      ackId,
    });
  });

  test('from a message on, by its id', async () => {
    const history = (await stage.outside.history('long')).map(({ messageId }) => String(messageId)).sort();
    const pages = await replayAll(vera, { chatId: 'long', afterMessageId: history[9] });
    expect(pages.flatMap(messagesOf).map(({ messageId }) => messageId)).toEqual(history.slice(10));
  });

  test('a message near the largest there may be comes live and out of history', async () => {
    const listener = await stage.listen('carol', 'large');
    const content = 'é'.repeat(65_200);
    await stage.publish('Fifo', 'large', [content], { generateSequence: true });
    await listener.next((frame) => frame['content'] === content);
    const page = await listener.request({ action: 'replay', chatId: 'large', fromSequence: 1 });
    expect(messagesOf(page)).toMatchObject([{ content, sequence: 1 }]);
  });

  test('history that is gone is behind firstSequence', async () => {
    await stage.outside.grant('short', ['vera']);
    await stage.publish('Fifo', 'short', oneTo(10), { generateSequence: true });
    await until('10 messages in history', async () => (await stage.outside.history('short')).length === 10);
    for (const { chatId, messageId } of (await stage.outside.history('short')).slice(0, 4)) {
      await tables.set('Messages', { chatId, messageId }, { expiresAt: Math.floor(Date.now() / 1000) - 10 });
    }
    const page = await vera.request({ action: 'replay', chatId: 'short', fromSequence: 1 });
    expect(page).toMatchObject({ headSequence: 10, firstSequence: 5, complete: true });
    expect(messagesOf(page).map(({ sequence }) => sequence)).toEqual([5, 6, 7, 8, 9, 10]);
    await tables.remove('Messages', 'chatId', 'short', 'messageId');
    expect(await vera.request({ action: 'replay', chatId: 'short', fromSequence: 1 })).toMatchObject({
      messages: [],
      headSequence: 10,
      firstSequence: 11,
      complete: true,
    });
  });

  test('a stranger gets nothing', async () => {
    const mallory = await stage.open('mallory');
    for (const from of [{ fromSequence: 1 }, { afterMessageId: '0'.repeat(26) }]) {
      expect(await mallory.request({ action: 'replay', chatId: 'long', ...from })).toEqual({
        type: 'error',
        error: 'Forbidden: You do not have permission to read this chat.',
        statusCode: 403,
        ackId,
      });
    }
  });

  test('a failure of AWS is told, and asking again works', async () => {
    await stage.edge.break({
      service: 'dynamodb',
      action: 'Query',
      role: 'replay',
      fault: { error: 'InternalServerError', statusCode: 500 },
    });
    const request = { action: 'replay', chatId: 'long', fromSequence: 1, toSequence: 1 };
    expect(await vera.request(request)).toMatchObject({ error: 'Failed to replay messages', statusCode: 500 });
    await stage.edge.mend();
    expect(await vera.request(request)).toMatchObject({ complete: true });
  });
});
