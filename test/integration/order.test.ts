import { type Cloud, startCloud } from '../setup/cloud.ts';
import { EdgeControl } from '../setup/edge-control.ts';
import { type Frame, TestSocket } from '../setup/socket.ts';

describe('FIFO messages keep the order of their group', () => {
  let cloud: Cloud;
  let bob: TestSocket;
  let carol: TestSocket;

  beforeAll(async () => {
    cloud = await startCloud();
    [bob, carol] = await Promise.all([
      TestSocket.openAs(cloud.outputs, 'bob', 'chat-123'),
      TestSocket.openAs(cloud.outputs, 'carol', 'chat-123'),
    ]);
  });

  afterAll(async () => {
    await Promise.all([bob, carol].map((socket) => socket.close()));
    await cloud.stop();
  });

  async function send(run: string, count: number, groups: number): Promise<void> {
    const replies = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        bob.request({
          action: 'sendMessage',
          targetChannel: 'WebSocket',
          messageType: 'fifo',
          messageGroupId: `${run}-${index % groups}`,
          payload: { chatId: 'chat-123', eventType: 'chat', content: { run, index } },
        }),
      ),
    );
    expect(replies.filter((reply) => reply['type'] !== 'reply')).toEqual([]);
  }

  function ofRun(run: string) {
    return (frame: Frame): boolean => (frame['content'] as { run?: string } | undefined)?.run === run;
  }

  /** The queue's sequence numbers of one group, as this socket received them. */
  function sequenceNumbers(frames: Frame[], group: string): bigint[] {
    const metadata = frames.map((frame) => frame['sqsMetadata'] as { messageGroupId: string; sequenceNumber: string });
    return metadata
      .filter(({ messageGroupId }) => messageGroupId === group)
      .map(({ sequenceNumber }) => BigInt(sequenceNumber));
  }

  function ascending(numbers: bigint[]): bigint[] {
    return [...numbers].sort((a, b) => (a < b ? -1 : 1));
  }

  test('100 messages of one group arrive at every subscriber in order, each once', async () => {
    await send('one', 100, 1);
    for (const socket of [bob, carol]) {
      const numbers = sequenceNumbers(await socket.collect(ofRun('one'), 100), 'one-0');
      expect(numbers).toEqual(ascending(numbers));
      expect(new Set(numbers).size).toBe(100);
    }
  });

  test('10 groups run beside each other, each in its own order', async () => {
    await send('ten', 100, 10);
    for (const socket of [bob, carol]) {
      const frames = await socket.collect(ofRun('ten'), 100);
      for (let group = 0; group < 10; group += 1) {
        const numbers = sequenceNumbers(frames, `ten-${group}`);
        expect(numbers).toHaveLength(10);
        expect(numbers).toEqual(ascending(numbers));
      }
    }
  });

  test('a batch that fails and is delivered again keeps its order', async () => {
    const edge = new EdgeControl(cloud.outputs);
    await edge.break({
      service: 'dynamodb',
      action: 'TransactWriteItems',
      role: 'message-processor',
      times: 4,
      fault: { error: 'InternalServerError', statusCode: 500 },
    });
    await send('again', 30, 1);
    for (const socket of [bob, carol]) {
      const numbers = sequenceNumbers(await socket.collect(ofRun('again'), 30), 'again-0');
      expect(numbers).toEqual(ascending(numbers));
      expect(new Set(numbers).size).toBe(30);
    }
    await edge.mend();
  });
});
