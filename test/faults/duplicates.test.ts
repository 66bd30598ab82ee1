import { contentsOf, Stage } from '../setup/stage.ts';

describe('a standard queue that delivers every batch’s messages twice', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.start({ duplicates: 1 });
  });

  afterAll(() => stage.close());

  test('history holds each message once, and everyone has each', async () => {
    const chat = 'twice';
    const sockets = [await stage.listen('bob', chat), await stage.listen('carol', chat)];
    const contents = Array.from({ length: 30 }, (_, index) => `message ${String(index).padStart(2, '0')}`);
    for (let start = 0; start < contents.length; start += 10) {
      await stage.publish('Standard', chat, contents.slice(start, start + 10));
    }
    for (const socket of sockets) {
      await socket.next(() => new Set(contentsOf(socket.messages(chat))).size === contents.length, 'every message');
      expect([...new Set(contentsOf(socket.messages(chat)))].sort()).toEqual(contents);
    }
    const stored = (await stage.outside.history(chat)).map(({ payload }) => JSON.parse(String(payload)) as object);
    expect(contentsOf(stored as Record<string, unknown>[]).sort()).toEqual(contents);
    expect(await stage.outside.deadLetters('Standard')).toEqual([]);
  });
});
