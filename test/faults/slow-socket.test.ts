import type { TestSocket } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import { contentsOf, Stage } from '../setup/stage.ts';

describe('one socket among fifty that takes no messages', () => {
  let stage: Stage;
  let healthy: TestSocket[];
  const chat = 'fifty';
  /** A user may have twenty connections. */
  const crowd = { bob: 17, carol: 16, vera: 16 };

  beforeAll(async () => {
    stage = await Stage.start();
    await stage.outside.grant(chat, Object.keys(crowd));
    healthy = (
      await Promise.all(
        Object.entries(crowd).map(async ([username, count]) => {
          const sockets: TestSocket[] = [];
          for (let opened = 0; opened < count; opened += 1) sockets.push(await stage.open(username, chat));
          return sockets;
        }),
      )
    ).flat();
    // The first message starts every function cold.
    await stage.publish('Fifo', chat, ['warm-up'], { generateSequence: true });
    await everyoneHas(['warm-up']);
  }, 90_000);

  afterEach(() => stage.edge.mend());
  afterAll(() => stage.close());

  async function everyoneHas(contents: unknown[]): Promise<void> {
    await Promise.all(healthy.map((socket) => socket.next(({ content }) => content === contents.at(-1))));
    for (const socket of healthy) expect(contentsOf(socket.messages(chat)).slice(-contents.length)).toEqual(contents);
  }

  /** A fiftieth socket, and the rule that befalls every post to it. */
  async function openFiftieth(): Promise<{ socket: TestSocket; posts: { service: string; resource: string } }> {
    const socket = await stage.listen('ada', chat);
    const [connectionId = ''] = (await stage.outside.connectionsOf('ada')).slice(-1);
    return { socket, posts: { service: 'execute-api', resource: `arn:*/POST/@connections/${connectionId}` } };
  }

  test('slow: the others have the message before its post is over', async () => {
    const { socket, posts } = await openFiftieth();
    await stage.edge.break({ ...posts, times: 1, fault: { delayMs: 5_000 } });
    await stage.edge.resetCalls();
    await stage.publish('Fifo', chat, ['do not wait'], { generateSequence: true });
    await everyoneHas(['do not wait']);
    // The processor hands over what one connection missed when the last post is over.
    expect(await stage.edge.count('message-processor', 'SendMessageBatch')).toBe(0);
    expect(socket.messages(chat)).toEqual([]);
    await socket.next(({ content }) => content === 'do not wait');
    await socket.close();
  });

  test('failing: after five tries it is closed and its rows are gone; nobody else has anything twice', async () => {
    const { socket, posts } = await openFiftieth();
    await stage.edge.break({ ...posts, fault: { error: 'InternalServerError', statusCode: 500 } });
    await stage.edge.resetCalls();
    await stage.publish('Fifo', chat, ['it fails', 'it fails again'], { generateSequence: true });
    await everyoneHas(['it fails', 'it fails again']);
    await socket.closed();
    await until('its rows to go', async () => (await stage.outside.connectionsOf('ada')).length === 0);
    const subscribed = (await stage.outside.rows('Subscriptions', { chatId: chat })).length;
    expect(subscribed).toBe(healthy.length);
    expect(socket.messages(chat)).toEqual([]);
    expect(await stage.edge.count('delivery-retry', 'PostToConnection')).toBeGreaterThanOrEqual(5);
    for (const own of healthy) {
      const contents = contentsOf(own.messages(chat));
      expect(contents).toEqual([...new Set(contents)]);
    }
    const numbers = healthy[0]?.messages(chat).map(({ sequence }) => sequence);
    expect(numbers).toEqual([1, 2, 3, 4]);
  });
});
