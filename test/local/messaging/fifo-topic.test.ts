import { PublishBatchCommand, PublishCommand } from '@aws-sdk/client-sns';
import { topicArnOf } from '../../../local/messaging/identifiers.ts';
import { provisionQueue } from '../../../local/messaging/queues.ts';
import { provisionSubscription } from '../../../local/messaging/subscriptions.ts';
import { provisionTopic } from '../../../local/messaging/topics.ts';
import { arnOf, bodiesOf, receive, region, sendFifo, startScratch } from './scratch.ts';
import type { Scratch } from './scratch.ts';

describe('a FIFO topic', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await startScratch();
  });
  afterAll(() => scratch.stop());

  const fifoTopic = async (name: string, properties: object = {}) => {
    await provisionTopic(scratch.messaging, name, { FifoTopic: true, ...properties });
    return name;
  };
  const subscribedQueue = async (topic: string, name: string, properties: object = { FifoQueue: true }) => {
    await provisionQueue(scratch.messaging, name, properties);
    await provisionSubscription(scratch.messaging, {
      TopicArn: topicArnOf(region, topic),
      Protocol: 'sqs',
      Endpoint: arnOf(name),
      RawMessageDelivery: true,
    });
    return name;
  };
  const publish = (topic: string, group: string, body: string, deduplicationId = body) =>
    scratch.sns.send(
      new PublishCommand({
        TopicArn: topicArnOf(region, topic),
        Message: body,
        MessageGroupId: group,
        MessageDeduplicationId: deduplicationId,
      }),
    );

  it('passes body, message attributes, group and deduplication id to a FIFO queue, in order', async () => {
    const topic = await fifoTopic('passing.fifo');
    const queue = await subscribedQueue(topic, 'passed.fifo');
    await scratch.sns.send(
      new PublishCommand({
        TopicArn: topicArnOf(region, topic),
        Message: 'one',
        MessageGroupId: 'group',
        MessageDeduplicationId: 'id-1',
        MessageAttributes: { targetChannel: { DataType: 'String', StringValue: 'WebSocket' } },
      }),
    );
    await publish(topic, 'group', 'two', 'id-2');
    const [one, two] = await receive(scratch, queue);
    expect(one).toMatchObject({
      Body: 'one',
      MessageAttributes: { targetChannel: { DataType: 'String', StringValue: 'WebSocket' } },
      Attributes: { MessageGroupId: 'group', MessageDeduplicationId: 'id-1', ApproximateReceiveCount: '1' },
    });
    expect(two?.Body).toBe('two');
    expect(String(two?.Attributes?.SequenceNumber) > String(one?.Attributes?.SequenceNumber)).toBe(true);
  });

  it('answers with a sequence number that ascends, also over a restart', async () => {
    const topic = await fifoTopic('ascending.fifo');
    const first = (await publish(topic, 'a', '1')).SequenceNumber ?? '';
    const second = (await publish(topic, 'a', '2')).SequenceNumber ?? '';
    await scratch.restart();
    const third = (await publish(topic, 'a', '3')).SequenceNumber ?? '';
    expect(first).toMatch(/^\d{20}$/);
    expect([third, second, first].sort()).toEqual([first, second, third]);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('answers each entry of a batch with its sequence number', async () => {
    const topic = await fifoTopic('batch.fifo');
    const entry = (Id: string, MessageDeduplicationId: string) => ({
      Id,
      Message: Id,
      MessageGroupId: 'a',
      MessageDeduplicationId,
    });
    const { Successful = [] } = await scratch.sns.send(
      new PublishBatchCommand({
        TopicArn: topicArnOf(region, topic),
        PublishBatchRequestEntries: [entry('one', 'x'), entry('two', 'y'), entry('repeat', 'x')],
      }),
    );
    const [one, two, repeat] = Successful;
    expect(String(two?.SequenceNumber) > String(one?.SequenceNumber)).toBe(true);
    expect([repeat?.MessageId, repeat?.SequenceNumber]).toEqual([one?.MessageId, one?.SequenceNumber]);
  });

  it('deduplicates itself, not only in its queues: one subscribed later gets no repeat', async () => {
    const topic = await fifoTopic('once.fifo');
    const sent = await publish(topic, 'a', 'body', 'id');
    const queue = await subscribedQueue(topic, 'subscribed-later.fifo');
    const again = await publish(topic, 'a', 'body', 'id');
    expect([again.MessageId, again.SequenceNumber]).toEqual([sent.MessageId, sent.SequenceNumber]);
    expect(await receive(scratch, queue)).toEqual([]);
  });

  it('remembers deduplication ids over a restart', async () => {
    const topic = await fifoTopic('remembering.fifo');
    const sent = await publish(topic, 'a', 'body', 'id');
    const queue = await subscribedQueue(topic, 'subscribed-after-restart.fifo');
    await scratch.restart();
    expect((await publish(topic, 'a', 'body', 'id')).MessageId).toBe(sent.MessageId);
    expect(await receive(scratch, queue)).toEqual([]);
  });

  it.each([
    ['Topic', ['one']],
    ['MessageGroup', ['one', 'two']],
  ])('with FifoThroughputScope %s takes a deduplication id in that scope', async (FifoThroughputScope, delivered) => {
    const topic = await fifoTopic(`scope-${FifoThroughputScope}.fifo`, { FifoThroughputScope });
    const queue = await subscribedQueue(topic, `scope-${FifoThroughputScope}-queue.fifo`, {
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
    });
    await publish(topic, 'a', 'one', 'id');
    await publish(topic, 'b', 'two', 'id');
    await publish(topic, 'a', 'repeat', 'id');
    expect(bodiesOf(await receive(scratch, queue)).sort()).toEqual(delivered);
  });

  it("in whose queue a group's deduplication ids are its own delivers the same id in two groups", async () => {
    const topic = await fifoTopic('two-groups.fifo', { FifoThroughputScope: 'MessageGroup' });
    const queue = await subscribedQueue(topic, 'two-groups-queue.fifo');
    // The queue's scope is still the whole queue: it takes one of the two.
    await publish(topic, 'a', 'one', 'id');
    await publish(topic, 'b', 'two', 'id');
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['one']);
  });

  it('lets its queue answer a repeat sent to it with the ids of the delivered message', async () => {
    const topic = await fifoTopic('answering.fifo');
    const queue = await subscribedQueue(topic, 'answering-queue.fifo');
    await publish(topic, 'a', 'body', 'id');
    const repeat = await sendFifo(scratch, queue, 'a', 'body', 'id');
    const [delivered] = await receive(scratch, queue);
    expect([repeat.MessageId, repeat.SequenceNumber]).toEqual([
      delivered?.MessageId,
      delivered?.Attributes?.SequenceNumber,
    ]);
  });

  it('delivers nothing that its queue took from elsewhere already', async () => {
    const topic = await fifoTopic('elsewhere.fifo');
    const queue = await subscribedQueue(topic, 'elsewhere-queue.fifo', {
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
    });
    await sendFifo(scratch, queue, 'a', 'from elsewhere', 'id');
    await publish(topic, 'a', 'from the topic', 'id');
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['from elsewhere']);
  });

  it('passes no group to a standard queue', async () => {
    const topic = await fifoTopic('to-standard.fifo');
    const queue = await subscribedQueue(topic, 'standard-of-fifo', {});
    await publish(topic, 'a', 'body', 'id');
    const [message] = await receive(scratch, queue);
    expect(message?.Body).toBe('body');
    expect(message?.Attributes).not.toHaveProperty('MessageGroupId');
    expect(message?.Attributes).not.toHaveProperty('MessageDeduplicationId');
  });
});
