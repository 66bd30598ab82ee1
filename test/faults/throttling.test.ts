import type { Frame, TestSocket } from '../setup/socket.ts';
import { contentsOf, Stage } from '../setup/stage.ts';

describe('posts that API Gateway throttles', () => {
  let stage: Stage;
  let sockets: TestSocket[];
  const chat = 'throttled';

  beforeAll(async () => {
    stage = await Stage.start();
    sockets = [];
    for (const username of ['bob', 'carol', 'vera']) sockets.push(await stage.listen(username, chat));
    await stage.edge.break({
      service: 'execute-api',
      action: 'PostToConnection',
      probability: 0.4,
      fault: { error: 'LimitExceededException', statusCode: 429 },
    });
  });

  afterAll(() => stage.close());

  test.each(['Standard', 'Fifo'] as const)('all arrive, each once per connection (%s)', async (lane) => {
    const ofLane = (socket: TestSocket): Frame[] =>
      socket.messages(chat).filter(({ content }) => String(content).startsWith(lane));
    const contents = Array.from({ length: 30 }, (_, index) => `${lane} ${String(index).padStart(2, '0')}`);
    for (let start = 0; start < contents.length; start += 10) {
      await stage.publish(lane, chat, contents.slice(start, start + 10));
    }
    for (const socket of sockets) {
      await socket.next(() => new Set(contentsOf(ofLane(socket))).size === contents.length, 'every message');
    }
    // A post that is throttled three times comes through the retry queue, and so may come late.
    for (const socket of sockets) {
      expect(contentsOf(ofLane(socket)).sort()).toEqual(contents);
    }
    const [rule] = await stage.edge.faults();
    expect(rule?.struck).toBeGreaterThan(0);
  });
});
