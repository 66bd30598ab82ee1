import { ulid } from 'ulid';
import { envelopeOf } from '../setup/outside.ts';
import { personNamed } from '../setup/sign-in.ts';
import type { TestSocket } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import { contentsOf, retriesOf, Stage } from '../setup/stage.ts';

describe('a message that can never be delivered spares the others', () => {
  let stage: Stage;
  let bob: TestSocket;
  let carol: TestSocket;
  const chat = 'poisoned';
  const otherChat = 'healthy';

  beforeAll(async () => {
    stage = await Stage.start();
    bob = await stage.listen('bob', chat, otherChat);
    carol = await stage.listen('carol', chat, otherChat);
  });

  afterAll(() => stage.close());

  function bodyOf(content: unknown, messageId = ulid()): string {
    const { userId } = personNamed(stage.cloud.outputs, 'bob');
    return envelopeOf(userId, { chatId: chat, content }, { messageId, generateSequence: true });
  }

  /** While a first message of the group is under way, the rest of the group gathers behind it, and comes as one batch. */
  async function holdGroup(): Promise<void> {
    const commits = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor' };
    await stage.edge.break({ ...commits, times: 1, fault: { delayMs: 1_000 } });
    await stage.outside.publish('Fifo', [{ body: bodyOf('held'), groupId: chat }]);
    await until('the held commit', async () => (await stage.edge.faults()).some(({ struck }) => struck === 1));
    await stage.edge.mend();
    await stage.edge.resetCalls();
  }

  test('second of ten in one FIFO batch: nine arrive in order and once, one dead letter says why, other groups notice nothing', async () => {
    await holdGroup();
    const poison = JSON.stringify({ version: 1, messageId: 'poison', payload: { chatId: chat } });
    const bodies = Array.from({ length: 10 }, (_, index) => (index === 1 ? poison : bodyOf(`batch ${index}`)));
    await stage.outside.publish(
      'Fifo',
      bodies.map((body) => ({ body, groupId: chat })),
    );
    await stage.publish('Fifo', otherChat, ['other 0', 'other 1', 'other 2'], { generateSequence: true });

    const expected = ['held', ...[0, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => `batch ${index}`)];
    for (const socket of [bob, carol]) {
      await socket.collect(({ chatId }) => chatId === chat, 10);
      await socket.collect(({ chatId }) => chatId === otherChat, 3);
      const frames = socket.messages(chat);
      expect(contentsOf(frames)).toEqual(expected);
      expect(frames.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(retriesOf(frames)).toEqual(Array(10).fill(0));
      expect(contentsOf(socket.messages(otherChat))).toEqual(['other 0', 'other 1', 'other 2']);
      expect(retriesOf(socket.messages(otherChat))).toEqual([0, 0, 0]);
    }
    expect(await stage.outside.deadLetters('Fifo')).toEqual([
      {
        body: poison,
        attributes: {
          reason: 'unreadable: not an envelope: messageId is not as expected',
          stage: 'parse',
          targetChannel: 'WebSocket',
        },
      },
    ]);
    // Before the poison, after it, and the other group's: had the ten not come together, there were more runs.
    expect(await stage.edge.count('message-processor', 'Query')).toBeLessThanOrEqual(1 + 2 + 3);
    expect((await stage.outside.history(chat)).map(({ sequence }) => sequence)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });

  test('a message under the id of another is a dead letter, and the first stands', async () => {
    const messageId = ulid();
    const conflicting = bodyOf('the second to use the id', messageId);
    const bodies = [bodyOf('the first to use the id', messageId), conflicting, bodyOf('after both')];
    await stage.outside.publish(
      'Fifo',
      bodies.map((body) => ({ body, groupId: chat })),
    );
    for (const socket of [bob, carol]) {
      await socket.next(({ content }) => content === 'after both');
      expect(contentsOf(socket.messages(chat)).slice(10)).toEqual(['the first to use the id', 'after both']);
    }
    const letter = await until('the dead letter', async () => {
      const letters = await stage.outside.deadLetters('Fifo');
      return letters.find(({ body }) => body === conflicting);
    });
    expect(letter.attributes).toMatchObject({ reason: 'conflict: messageId is already used', stage: 'commit' });
    const rows = (await stage.outside.history(chat)).filter((row) => row['messageId'] === messageId);
    expect(rows).toMatchObject([{ payload: expect.stringContaining('the first to use the id'), sequence: 11 }]);
  });
});
