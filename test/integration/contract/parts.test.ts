import { ulid } from 'ulid';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { EdgeControl } from '../../setup/edge-control.ts';
import { type Answer, Sender, type WayIn, waysIn } from './ways-in.ts';

const functionOf: Record<WayIn, string> = { socket: 'p2p-websocket-publisher', http: 'a2p-http-publisher' };

/** A part of a group: where it goes, and how it is called there. */
type Said = { groupId: string; partNumber: number; totalParts?: number; messageId?: string; content?: unknown };

describe('a part that contradicts its group', () => {
  let cloud: Cloud;
  let edge: EdgeControl;
  let bob: Sender;
  let carol: Sender;

  beforeAll(async () => {
    cloud = await startCloud();
    edge = new EdgeControl(cloud.outputs);
    bob = await Sender.signedIn(cloud.outputs, 'bob', 'chat-123');
    carol = await Sender.signedIn(cloud.outputs, 'carol', 'chat-123');
  });

  afterAll(async () => {
    await Promise.all([bob, carol].map((sender) => sender.close()));
    await cloud.stop();
  });

  function send(sender: Sender, wayIn: WayIn, { groupId, partNumber, totalParts = 3, ...said }: Said): Promise<Answer> {
    const { messageId = ulid(), content = partNumber } = said;
    const multiPartMetadata = { groupId, totalParts, partNumber };
    const payload = { chatId: 'chat-123', eventType: 'file', content, multiPartMetadata };
    return sender.ask(wayIn, { targetChannel: 'WebSocket', messageId, payload });
  }

  /** Sends a part and waits until it is in history. */
  async function settled(wayIn: WayIn, said: Said): Promise<Answer> {
    const answer = await send(bob, wayIn, said);
    expect(answer.status).toBe(200);
    const { messageId } = answer.body;
    await carol.socket.next((frame) => frame['messageId'] === messageId && !frame['type'], `message ${messageId}`);
    return answer;
  }

  function refused(wayIn: WayIn, words: string): Answer {
    const error = `Conflict: payload.multiPartMetadata: ${words}`;
    return { status: 409, body: wayIn === 'socket' ? { type: 'error', error, statusCode: 409 } : { error } };
  }

  function ended(groupId: string, eventType: string): Promise<unknown> {
    const isEnd = (frame: Record<string, unknown>): boolean =>
      frame['eventType'] === eventType && (frame['content'] as { groupId: string }).groupId === groupId;
    return carol.socket.next(isEnd, `${eventType} of ${groupId}`);
  }

  describe.each(waysIn)('over %s', (wayIn) => {
    test('is told which number of parts was expected, whose group it is, and who has its number', async () => {
      const groupId = `${wayIn}-contradicted`;
      const first = await settled(wayIn, { groupId, partNumber: 1 });
      await edge.resetCalls();
      expect(await send(bob, wayIn, { groupId, partNumber: 2, totalParts: 4 })).toEqual(
        refused(wayIn, 'expected totalParts to be 3, as the group was begun, got 4.'),
      );
      expect(await send(carol, wayIn, { groupId, partNumber: 2 })).toEqual(
        refused(wayIn, `expected groupId to be one that no other sender has begun, got "${groupId}".`),
      );
      expect(await send(bob, wayIn, { groupId, partNumber: 1 })).toEqual(
        refused(
          wayIn,
          `expected partNumber to be one that no other message has, got 1, which ${String(first.body['messageId'])} has.`,
        ),
      );
      expect(await edge.count(functionOf[wayIn], 'Publish')).toBe(0);
      expect(await edge.count(functionOf[wayIn], 'UpdateItem')).toBe(0);
    });

    test.each([
      ['completed', 1, 'multipart.completed'],
      ['incomplete', 2, 'multipart.incomplete'],
    ])('is late for a group that is %s; a part that is in it is answered as before', async (end, totalParts, event) => {
      const groupId = `${wayIn}-${end}`;
      const said = { groupId, partNumber: 1, totalParts, messageId: ulid() };
      const first = await settled(wayIn, said);
      await ended(groupId, event);
      expect(await send(bob, wayIn, said)).toEqual(first);
      const late = { ...said, partNumber: totalParts, messageId: ulid() };
      expect(await send(bob, wayIn, late)).toEqual(
        refused(wayIn, `expected groupId to be one of a group that is still open, got "${groupId}", which is ${end}.`),
      );
    });
  });

  test('on a channel that this service does not deliver, groups are not kept', async () => {
    const groupId = 'elsewhere';
    const payload = {
      chatId: 'chat-123',
      eventType: 'file',
      content: 1,
      multiPartMetadata: { groupId, totalParts: 2, partNumber: 1 },
    };
    for (const sender of [bob, carol]) {
      expect(await sender.ask('socket', { targetChannel: 'Email', payload })).toMatchObject({ status: 200 });
    }
  });
});
