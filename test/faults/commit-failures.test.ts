import type { TestSocket } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import { contentsOf, retriesOf, Stage } from '../setup/stage.ts';

/** An error the SDK does not try again by itself, so that each strike is one failed receive. */
const refused = { error: 'AccessDeniedException', statusCode: 400 };

describe('a commit that fails', () => {
  let stage: Stage;
  let bob: TestSocket;
  const chats = { twice: 'fails-twice', thrice: 'fails-three-times', batch: 'fails-in-a-batch' };

  beforeAll(async () => {
    stage = await Stage.start();
    bob = await stage.listen('bob', ...Object.values(chats));
  });

  afterEach(() => stage.edge.mend());
  afterAll(() => stage.close());

  const commits = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor' };

  /** Publishes while commits fail; the first of them sees to it that these are the ones that do. */
  async function publishFailing(chatId: string, contents: string[], times: number): Promise<void> {
    await stage.edge.break({ ...commits, times, fault: refused });
    await stage.publish('Fifo', chatId, contents, { generateSequence: true });
    await until('the first failure', async () => (await stage.edge.faults()).some(({ struck }) => struck > 0));
  }

  async function struckOut(times: number): Promise<void> {
    await until(`${times} failures`, async () => (await stage.edge.faults()).some(({ struck }) => struck === times));
  }

  test('twice: the message arrives once, and shows that it was tried again', async () => {
    await publishFailing(chats.twice, ['persistent'], 2);
    await bob.next(({ chatId }) => chatId === chats.twice);
    expect(retriesOf(bob.messages(chats.twice))).toEqual([2]);
    expect(await stage.outside.history(chats.twice)).toMatchObject([{ sequence: 1 }]);
    expect(await stage.outside.deadLetters('Fifo')).toEqual([]);
  });

  test('three times: it becomes a dead letter with reason and stage, and its group goes on', async () => {
    await publishFailing(chats.thrice, ['doomed'], 3);
    await struckOut(3);
    await stage.publish('Fifo', chats.thrice, ['next'], { generateSequence: true });
    await bob.next(({ chatId }) => chatId === chats.thrice);
    expect(contentsOf(bob.messages(chats.thrice))).toEqual(['next']);
    expect(await stage.outside.history(chats.thrice)).toMatchObject([{ sequence: 1 }]);
    expect(await stage.outside.deadLetters('Fifo')).toEqual([
      {
        body: expect.stringContaining('doomed'),
        attributes: { reason: 'failed: AccessDeniedException', stage: 'commit', targetChannel: 'WebSocket' },
      },
    ]);
  });

  test('three times for a batch of ten: each is then tried alone, and only the one that still fails dies', async () => {
    const contents = Array.from({ length: 10 }, (_, index) => `message ${index}`);
    await publishFailing(chats.batch, contents, 4);
    await bob.collect(({ chatId }) => chatId === chats.batch, 9);
    expect(contentsOf(bob.messages(chats.batch))).toEqual(contents.slice(1));
    expect(bob.messages(chats.batch).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const letters = await stage.outside.deadLetters('Fifo');
    expect(letters.filter(({ body }) => body.includes(chats.batch))).toEqual([
      {
        body: expect.stringContaining('message 0'),
        attributes: { reason: 'failed: AccessDeniedException', stage: 'commit', targetChannel: 'WebSocket' },
      },
    ]);
  });
});
