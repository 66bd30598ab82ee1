import type { CallCount } from '../setup/edge-control.ts';
import { Stage } from '../setup/stage.ts';
import type { TestSocket } from '../setup/socket.ts';

/** What a message costs once everything is warm: AWS bills, and throttles, calls. */
describe('AWS calls per message in the steady state', () => {
  let stage: Stage;
  let bob: TestSocket;
  let sockets: TestSocket[];
  const chat = 'steady';
  const count = 60;

  beforeAll(async () => {
    stage = await Stage.start();
    bob = await stage.listen('bob', chat);
    sockets = [bob, await stage.listen('carol', chat), await stage.listen('vera', chat)];
    // Twice: the first messages start functions cold, and a copy of the processor learns the chat's head from a refusal.
    for (const round of ['cold', 'warm']) await send(round, 20);
  }, 60_000);

  afterAll(() => stage.close());

  /** Sends numbered messages at once, and waits until everyone has them. */
  async function send(round: string, messages: number): Promise<void> {
    const replies = await Promise.all(
      Array.from({ length: messages }, (_, index) =>
        bob.request({
          action: 'sendMessage',
          targetChannel: 'WebSocket',
          messageType: 'fifo',
          generateSequence: true,
          messageId: stage.newMessageId(),
          payload: { chatId: chat, eventType: 'chat', content: { round, index } },
        }),
      ),
    );
    expect(replies.filter((reply) => reply['type'] !== 'reply')).toEqual([]);
    for (const socket of sockets) {
      await socket.collect(({ content }) => (content as { round?: string } | undefined)?.round === round, messages);
    }
  }

  function total(calls: CallCount[], role: string): Record<string, number> {
    const totals: Record<string, number> = {};
    for (const call of calls.filter((each) => each.role === role && each.by === 'function')) {
      totals[call.action] = (totals[call.action] ?? 0) + call.count;
    }
    return totals;
  }

  test('publish: one read of all that decides, one publish, two counters; process: one commit and one query a run, one post a connection', async () => {
    await stage.edge.resetCalls();
    await send('measured', count);
    const calls = await stage.edge.calls();
    expect(total(calls, 'p2p-websocket-publisher')).toEqual({
      BatchGetItem: count,
      Publish: count,
      UpdateItem: 2 * count,
    });

    const processing = total(calls, 'message-processor');
    const runs = processing['Query'] ?? 0;
    expect(processing).toEqual({
      TransactWriteItems: runs,
      Query: runs,
      PostToConnection: count * sockets.length,
    });
    expect(runs).toBeGreaterThanOrEqual(count / 10);
    expect(runs).toBeLessThanOrEqual(count);
    process.stdout.write(`Mean run: ${(count / runs).toFixed(1)} messages (${count} messages in ${runs} runs)\n`);
  });
});
