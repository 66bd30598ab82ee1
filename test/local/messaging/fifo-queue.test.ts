import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Message } from '@aws-sdk/client-sqs';
import { provisionQueue } from '../../../local/messaging/queues.ts';
import { arnOf, bodiesOf, receive, sendFifo, startScratch, urlOf } from './scratch.ts';
import type { Scratch } from './scratch.ts';

describe('a FIFO queue', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await startScratch();
  });
  afterAll(() => scratch.stop());

  const fifoQueue = async (name: string, properties: object = {}) => {
    await provisionQueue(scratch.messaging, name, { FifoQueue: true, ...properties });
    return name;
  };
  const sendAll = async (queue: string, group: string, bodies: string[]) => {
    for (const body of bodies) {
      await sendFifo(scratch, queue, group, body);
    }
  };
  const remove = (queue: string, message: Message | undefined) =>
    scratch.sqs.send(new DeleteMessageCommand({ QueueUrl: urlOf(queue), ReceiptHandle: message?.ReceiptHandle }));
  const returnAll = (queue: string, messages: Message[]) =>
    scratch.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: urlOf(queue),
        Entries: messages.map(({ ReceiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle,
          VisibilityTimeout: 0,
        })),
      }),
    );

  it('hands out up to ten messages of one group at once, in order', async () => {
    const queue = await fifoQueue('ten-of-a-group.fifo');
    const bodies = Array.from({ length: 12 }, (_, index) => `message-${String(index)}`);
    await sendAll(queue, 'a', bodies);
    expect(bodiesOf(await receive(scratch, queue))).toEqual(bodies.slice(0, 10));
  });

  it('fills a batch from several groups, each in order', async () => {
    const queue = await fifoQueue('several-groups.fifo');
    await sendFifo(scratch, queue, 'a', 'a1');
    await sendFifo(scratch, queue, 'b', 'b1');
    await sendFifo(scratch, queue, 'a', 'a2');
    await sendFifo(scratch, queue, 'b', 'b2');
    const bodies = bodiesOf(await receive(scratch, queue));
    expect(bodies.filter((body) => body?.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(bodies.filter((body) => body?.startsWith('b'))).toEqual(['b1', 'b2']);
  });

  it('holds a group back while any message of it is in flight, also over a restart', async () => {
    const queue = await fifoQueue('held-back.fifo');
    await sendAll(queue, 'a', ['1', '2']);
    const [first, second] = await receive(scratch, queue);
    await sendAll(queue, 'a', ['3']);
    expect(await receive(scratch, queue)).toEqual([]);
    await remove(queue, first);
    expect(await receive(scratch, queue)).toEqual([]);
    await scratch.restart();
    expect(await receive(scratch, queue)).toEqual([]);
    await remove(queue, second);
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['3']);
  });

  it('gives returned messages again in their order, before later ones', async () => {
    const queue = await fifoQueue('returned.fifo');
    await sendAll(queue, 'a', ['1', '2', '3']);
    const received = await receive(scratch, queue);
    await sendAll(queue, 'a', ['4']);
    await returnAll(queue, received);
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['1', '2', '3', '4']);
  });

  it('gives a batch of which the first was handled again without it, in order', async () => {
    const queue = await fifoQueue('partly-handled.fifo');
    await sendAll(queue, 'a', ['1', '2', '3', '4']);
    const received = await receive(scratch, queue, { MaxNumberOfMessages: 3 });
    await remove(queue, received[0]);
    await returnAll(queue, received.slice(1));
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['2', '3', '4']);
  });

  it('gives messages again in their order when their visibility ends', async () => {
    const queue = await fifoQueue('expired.fifo');
    await sendAll(queue, 'a', ['1', '2', '3']);
    await receive(scratch, queue, { VisibilityTimeout: 1 });
    expect(bodiesOf(await receive(scratch, queue, { WaitTimeSeconds: 5 }))).toEqual(['1', '2', '3']);
  });

  it('keeps order, receive counts and sequence numbers over a restart', async () => {
    const queue = await fifoQueue('restarted.fifo');
    await sendAll(queue, 'a', ['1', '2', '3']);
    const before = await receive(scratch, queue);
    await returnAll(queue, before);
    await scratch.restart();
    const after = await receive(scratch, queue);
    expect(bodiesOf(after)).toEqual(['1', '2', '3']);
    expect(after.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['2', '2', '2']);
    expect(after.map(({ Attributes }) => Attributes?.SequenceNumber)).toEqual(
      before.map(({ Attributes }) => Attributes?.SequenceNumber),
    );
  });

  it('takes a message back at once when its visibility is set to 0', async () => {
    const queue = await fifoQueue('given-back.fifo');
    await sendAll(queue, 'a', ['1']);
    const [message] = await receive(scratch, queue);
    await scratch.sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: urlOf(queue),
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['1']);
  });

  it('numbers messages as SQS does: 20 digits, ascending as text, neighbours equal as Numbers', async () => {
    const queue = await fifoQueue('numbered.fifo');
    const { SequenceNumber: first = '' } = await sendFifo(scratch, queue, 'a', '1');
    const { SequenceNumber: second = '' } = await sendFifo(scratch, queue, 'a', '2');
    expect(first).toMatch(/^\d{20}$/);
    expect(second > first).toBe(true);
    expect(BigInt(second) - BigInt(first)).toBeGreaterThan(1n);
    expect(Number(second)).toBe(Number(first));
  });

  it.each([
    ['queue', 1],
    ['messageGroup', 2],
  ])('takes a deduplication id once per %s', async (DeduplicationScope, accepted) => {
    const queue = await fifoQueue(`scope-${DeduplicationScope}.fifo`, { DeduplicationScope });
    const ids = [
      await sendFifo(scratch, queue, 'a', 'body', 'id'),
      await sendFifo(scratch, queue, 'a', 'body', 'id'),
      await sendFifo(scratch, queue, 'b', 'body', 'id'),
    ].map(({ MessageId }) => MessageId);
    expect(new Set(ids).size).toBe(accepted);
    expect(await receive(scratch, queue)).toHaveLength(accepted);
  });

  it('takes a deduplication id once per group from a batch, too', async () => {
    const queue = await fifoQueue('scope-batch.fifo', { DeduplicationScope: 'messageGroup' });
    const entry = (Id: string, MessageGroupId: string) => ({
      Id,
      MessageGroupId,
      MessageBody: Id,
      MessageDeduplicationId: 'id',
    });
    const { Successful } = await scratch.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: urlOf(queue),
        Entries: [entry('one', 'a'), entry('again', 'a'), entry('other', 'b')],
      }),
    );
    expect(Successful).toHaveLength(3);
    expect(bodiesOf(await receive(scratch, queue)).sort()).toEqual(['one', 'other']);
  });

  it('remembers deduplication ids over a restart', async () => {
    const queue = await fifoQueue('remembered.fifo');
    const sent = await sendFifo(scratch, queue, 'a', 'one');
    await sendFifo(scratch, queue, 'a', 'two');
    for (const message of await receive(scratch, queue)) {
      await remove(queue, message);
    }
    await scratch.restart();
    const again = await sendFifo(scratch, queue, 'a', 'one');
    expect([again.MessageId, again.SequenceNumber]).toEqual([sent.MessageId, sent.SequenceNumber]);
    expect(await receive(scratch, queue)).toEqual([]);
  });

  it('forgets a deduplication id five minutes after it took it, restarts or not', async () => {
    const queue = await fifoQueue('forgotten.fifo');
    await sendFifo(scratch, queue, 'a', 'first', 'old');
    const database = new DatabaseSync(join(scratch.dataFolder, 'fauxqs.db'));
    const idsKept = () =>
      database.prepare('SELECT key FROM fifo_deduplication WHERE owner_arn LIKE ?').all(`%:${queue}`);
    database.exec(`UPDATE fifo_deduplication SET accepted_at = accepted_at - ${String(5 * 60 * 1_000)}`);
    await scratch.restart();
    await sendFifo(scratch, queue, 'a', 'new');
    expect(idsKept()).toEqual([{ key: 'new' }]);
    database.close();
    await sendFifo(scratch, queue, 'a', 'second', 'old');
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['first', 'new', 'second']);
  });

  it('moves a message that was received too often to its dead-letter queue, and goes on with the next', async () => {
    const deadLetters = await fifoQueue('moved-to.fifo');
    const RedrivePolicy = { deadLetterTargetArn: arnOf(deadLetters), maxReceiveCount: 1 };
    const queue = await fifoQueue('moved-from.fifo', { RedrivePolicy });
    const sent = await sendFifo(scratch, queue, 'a', 'poison', 'a deduplication id');
    await returnAll(queue, await receive(scratch, queue));
    await sendFifo(scratch, queue, 'a', 'next');
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['next']);
    const [moved] = await receive(scratch, deadLetters);
    expect(moved).toMatchObject({
      Body: 'poison',
      MessageId: sent.MessageId,
      // Entering a FIFO dead-letter queue replaces the deduplication id by the message id.
      Attributes: { MessageGroupId: 'a', MessageDeduplicationId: sent.MessageId },
    });
  });

  it('numbers moved messages as its own, so that they keep their place among those sent to it', async () => {
    const deadLetters = await fifoQueue('renumbered-to.fifo');
    const RedrivePolicy = { deadLetterTargetArn: arnOf(deadLetters), maxReceiveCount: 1 };
    const queue = await fifoQueue('renumbered-from.fifo', { RedrivePolicy });
    await sendAll(queue, 'other', ['1', '2', '3', '4']);
    await sendAll(queue, 'a', ['moved first']);
    const received = await receive(scratch, queue);
    await returnAll(queue, received.slice(-1));
    await receive(scratch, queue);
    await sendFifo(scratch, deadLetters, 'a', 'sent later');
    await returnAll(deadLetters, await receive(scratch, deadLetters));
    expect(bodiesOf(await receive(scratch, deadLetters))).toEqual(['moved first', 'sent later']);
  });
});
