import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { EdgeControl } from '../../setup/edge-control.ts';
import { Tables } from '../../setup/tables.ts';
import { type Answer, Sender, waysIn } from './ways-in.ts';

const hour = 3600;

describe('an hour later, when the topics have long forgotten what they took', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'notification-later-'));
  let cloud: Cloud;

  const requests = ['standard', 'fifo'].map((messageType) => ({
    targetChannel: 'WebSocket',
    messageType,
    messageId: ulid(),
    generateSequence: true,
    requestAck: true,
    payload: { chatId: 'chat-123', eventType: 'chat', content: `once, ${messageType}` },
  }));
  const first: Answer[] = [];

  async function history(): Promise<Record<string, unknown>[]> {
    const tables = await Tables.of(cloud.outputs);
    const rows = await tables.rows('Messages', 'chatId', 'chat-123');
    tables.close();
    return rows;
  }

  beforeAll(async () => {
    cloud = await startCloud({ dataFolder });
    const bob = await Sender.signedIn(cloud.outputs, 'bob', 'chat-123');
    for (const request of requests) {
      first.push(await bob.ask('socket', request));
      await bob.socket.next(
        ({ type, messageId }) => type === undefined && messageId === request.messageId,
        'the message',
      );
    }
    await bob.close();
    await cloud.stop({ keepData: true });
    cloud = await startCloud({ dataFolder, arguments: ['--clock-offset', String(hour)] });
  });

  afterAll(() => cloud.stop());

  test.each(waysIn)(
    'the same messageId again, over %s: the same reply, nothing published, nothing added',
    async (wayIn) => {
      const edge = new EdgeControl(cloud.outputs);
      const before = await history();
      expect(before).toHaveLength(2);
      const bob = await Sender.signedIn(cloud.outputs, 'bob', 'chat-123');
      await edge.resetCalls();
      for (const [index, request] of requests.entries()) {
        const answer = await bob.ask(wayIn, request);
        const { messageId, messageType, timestamp } = first[index]?.body ?? {};
        expect(answer).toMatchObject({ status: 200, body: { messageId, messageType } });
        if (wayIn === 'socket') {
          expect(answer).toEqual(first[index]);
          expect(timestamp).toBeDefined();
        }
      }
      expect((await edge.calls()).filter(({ action }) => action === 'Publish')).toEqual([]);
      expect(await history()).toEqual(before);
      await bob.close();
    },
  );

  test('functions and gateways have the later clock: a new message is stamped with it', async () => {
    const bob = await Sender.signedIn(cloud.outputs, 'bob', 'chat-123');
    const { body } = await bob.ask('socket', {
      targetChannel: 'WebSocket',
      messageType: 'fifo',
      generateSequence: true,
      payload: { chatId: 'chat-123', eventType: 'chat', content: 'later' },
    });
    const frame = await bob.socket.next(({ type, messageId }) => type === undefined && messageId === body['messageId']);
    expect(Date.parse(String(frame['publishTimestamp'])) - Date.now()).toBeGreaterThan((hour - 60) * 1000);
    expect(frame['sequence']).toBe(2);
    await bob.close();
  });
});
