import './support/quiet.ts';
import { deadlineBefore } from '../../functions/domain/deadline.ts';
import { handToRetryQueue } from '../../functions/domain/delivery/retry-queue.ts';
import { Slots } from '../../functions/domain/delivery/slots.ts';
import { Heads } from '../../functions/domain/processing/heads.ts';
import { Aws } from './support/aws.ts';

describe('the retry queue', () => {
  let aws: Aws;

  beforeAll(async () => {
    process.env['DELIVERY_RETRY_QUEUE_URL'] = 'https://sqs.us-east-1.amazonaws.com/000000000000/retries';
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  const undelivered = (connectionId: string, frames: string[]) => ({
    chatId: 'chat-1',
    subscriber: `00#${connectionId}`,
    connectionId,
    frames,
  });

  const sent = () =>
    aws
      .inputs<{ Entries: { MessageBody: string }[] }>('SendMessageBatch')
      .map(({ Entries }) => Entries.map(({ MessageBody }) => MessageBody));

  test('takes ten connections a call', async () => {
    await handToRetryQueue(Array.from({ length: 23 }, (_item, index) => undelivered(`c-${index}`, ['{}'])));
    expect(
      sent()
        .map((bodies) => bodies.length)
        .sort((a, b) => b - a),
    ).toEqual([10, 10, 3]);
  });

  test('gets nothing when there is nothing', async () => {
    await handToRetryQueue([]);
    expect(aws.actions).toEqual([]);
  });

  test('gets large frames in order, in messages and calls that SQS takes', async () => {
    const frames = Array.from({ length: 10 }, (_frame, index) => JSON.stringify(`${index}`.repeat(120_000)));
    await handToRetryQueue([undelivered('bob', frames), undelivered('carol', frames.slice(0, 1))]);
    for (const bodies of sent()) expect(Buffer.byteLength(bodies.join(''))).toBeLessThanOrEqual(256 * 1024);
    const received = sent()
      .flat()
      .map((body) => JSON.parse(body) as ReturnType<typeof undelivered>);
    const framesOf = (id: string) => received.filter((message) => message.connectionId === id).flatMap((m) => m.frames);
    expect(framesOf('bob')).toEqual(frames);
    expect(framesOf('carol')).toEqual(frames.slice(0, 1));
  });
});

describe('slots', () => {
  test('let so many run at once, and the others after them, in order, even after a failure', async () => {
    const slots = new Slots(2);
    const running = new Set<number>();
    const started: number[] = [];
    let most = 0;
    const task = (index: number) => async (): Promise<void> => {
      started.push(index);
      running.add(index);
      most = Math.max(most, running.size);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(index);
      if (index === 1) throw new Error('one of them fails');
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 7 }, (_task, index) => slots.run(task(index))));
    expect(most).toBe(2);
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(outcomes.map(({ status }) => status === 'rejected')).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => i === 1));
  });
});

describe('remembered heads', () => {
  test('the one not written for longest is forgotten first', () => {
    const heads = new Heads(2);
    heads.set('a', 1);
    heads.set('b', 2);
    heads.set('a', 3);
    heads.set('c', 4);
    expect([heads.get('a'), heads.get('b'), heads.get('c')]).toEqual([3, 0, 4]);
  });
});

describe('the deadline', () => {
  test.each([
    [10_000, 2_501, 2_499],
    [4_000, 1_601, 1_599],
  ])('of %i ms: not with %i ms left, but with %i', (all, before, after) => {
    let left = all;
    const deadline = deadlineBefore(() => left);
    left = before;
    expect(deadline.hasPassed()).toBe(false);
    left = after;
    expect(deadline.hasPassed()).toBe(true);
  });
});
