import { GetSubscriptionAttributesCommand, GetTopicAttributesCommand, PublishCommand } from '@aws-sdk/client-sns';
import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { topicArnOf } from '../../../local/messaging/identifiers.ts';
import { provisionMessaging } from '../../../local/messaging/provision.ts';
import type { MessagingResources } from '../../../local/messaging/provision.ts';
import { arnOf, bodiesOf, receive, region, startScratch, urlOf } from './scratch.ts';
import type { Scratch } from './scratch.ts';

describe('topics, queues and subscriptions from the template', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await startScratch();
  });
  afterEach(() => scratch.stop());

  const provision = (resources: Partial<MessagingResources>) =>
    provisionMessaging(scratch.messaging, { queues: [], topics: [], subscriptions: [], ...resources });
  const queue = (name: string, properties: object = {}) => ({ name, properties });
  const subscription = (topic: string, queueName: string, properties: object = {}) => ({
    properties: {
      TopicArn: topicArnOf(region, topic),
      Protocol: 'sqs',
      Endpoint: arnOf(queueName),
      ...properties,
    },
  });
  const queueAttributes = async (name: string) => {
    const { Attributes } = await scratch.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: urlOf(name), AttributeNames: ['All'] }),
    );
    return Attributes;
  };
  const subscriptionsOf = async (topic: string) => {
    const { Subscriptions = [] } = await scratch.sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: topicArnOf(region, topic) }),
    );
    return Subscriptions;
  };

  it('are created in whatever order they are given, a queue after its dead-letter queue', async () => {
    const RedrivePolicy = { deadLetterTargetArn: arnOf('dead-letters'), maxReceiveCount: 6 };
    await provision({
      queues: [queue('messages', { RedrivePolicy, VisibilityTimeout: 60 }), queue('dead-letters')],
      topics: [queue('topic')],
      subscriptions: [subscription('topic', 'messages', { RawMessageDelivery: true })],
    });
    expect(await queueAttributes('messages')).toMatchObject({
      VisibilityTimeout: '60',
      RedrivePolicy: JSON.stringify(RedrivePolicy),
    });
    expect(await subscriptionsOf('topic')).toHaveLength(1);
  });

  it('take changed and removed attributes over a restart, and keep messages and subscriptions', async () => {
    const RedrivePolicy = { deadLetterTargetArn: arnOf('dead-letters.fifo'), maxReceiveCount: 6 };
    const deadLetters = queue('dead-letters.fifo', { FifoQueue: true });
    await provision({
      queues: [
        deadLetters,
        queue('messages.fifo', { FifoQueue: true, RedrivePolicy, VisibilityTimeout: 60, DelaySeconds: 1 }),
      ],
      topics: [queue('topic.fifo', { FifoTopic: true })],
      subscriptions: [subscription('topic.fifo', 'messages.fifo', { FilterPolicy: { targetChannel: ['Email'] } })],
    });
    const [before] = await subscriptionsOf('topic.fifo');
    await scratch.sqs.send(
      new SendMessageCommand({
        QueueUrl: urlOf('messages.fifo'),
        MessageBody: 'body',
        MessageGroupId: 'a',
        MessageDeduplicationId: 'id',
      }),
    );
    const changed = {
      queues: [
        deadLetters,
        queue('messages.fifo', {
          FifoQueue: true,
          VisibilityTimeout: 30,
          DeduplicationScope: 'messageGroup',
          FifoThroughputLimit: 'perMessageGroupId',
        }),
      ],
      topics: [
        queue('topic.fifo', {
          FifoTopic: true,
          ContentBasedDeduplication: true,
          FifoThroughputScope: 'MessageGroup',
        }),
      ],
      subscriptions: [subscription('topic.fifo', 'messages.fifo', { RawMessageDelivery: true })],
    };
    await scratch.restart();
    await provision(changed);
    await scratch.restart();
    await provision(changed);

    const attributes = await queueAttributes('messages.fifo');
    expect(attributes).toMatchObject({
      VisibilityTimeout: '30',
      DelaySeconds: '0',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    expect(attributes).not.toHaveProperty('RedrivePolicy');
    const topic = await scratch.sns.send(new GetTopicAttributesCommand({ TopicArn: topicArnOf(region, 'topic.fifo') }));
    expect(topic.Attributes).toMatchObject({ ContentBasedDeduplication: 'true', FifoThroughputScope: 'MessageGroup' });
    expect(await subscriptionsOf('topic.fifo')).toEqual([before]);
    const { Attributes } = await scratch.sns.send(
      new GetSubscriptionAttributesCommand({ SubscriptionArn: before?.SubscriptionArn }),
    );
    expect(Attributes).toMatchObject({ RawMessageDelivery: 'true', FilterPolicy: '{}' });
    expect(bodiesOf(await receive(scratch, 'messages.fifo', { WaitTimeSeconds: 5 }))).toEqual(['body']);
  });

  it('deliver all again when the filter policy left the template', async () => {
    const resources = (properties: object) => ({
      queues: [queue('messages')],
      topics: [queue('topic')],
      subscriptions: [subscription('topic', 'messages', { RawMessageDelivery: true, ...properties })],
    });
    await provision(resources({ FilterPolicy: { targetChannel: ['Email'] } }));
    await provision(resources({}));
    await scratch.sns.send(new PublishCommand({ TopicArn: topicArnOf(region, 'topic'), Message: 'body' }));
    expect(bodiesOf(await receive(scratch, 'messages'))).toEqual(['body']);
  });

  it('end a subscription that left the template', async () => {
    const resources = { queues: [queue('one'), queue('two')], topics: [queue('topic')] };
    await provision({ ...resources, subscriptions: [subscription('topic', 'one'), subscription('topic', 'two')] });
    await provision({ ...resources, subscriptions: [subscription('topic', 'two')] });
    expect((await subscriptionsOf('topic')).map(({ Endpoint }) => Endpoint)).toEqual([arnOf('two')]);
  });

  it('refuse a FIFO queue on a standard topic, which CDK lets pass and SNS does not', async () => {
    const resources = {
      queues: [queue('messages.fifo', { FifoQueue: true })],
      topics: [queue('topic')],
      subscriptions: [subscription('topic', 'messages.fifo')],
    };
    await expect(provision(resources)).rejects.toThrow(/a FIFO queue cannot be subscribed to a standard topic/);
  });

  it.each<[string, Partial<MessagingResources>, RegExp]>([
    ['a property of a queue', { queues: [queue('q', { Novel: 1 })] }, /AWS::SQS::Queue\.Novel/],
    ['a property of a topic', { topics: [queue('t', { ArchivePolicy: {} })] }, /AWS::SNS::Topic\.ArchivePolicy/],
    [
      'a property of a subscription',
      { subscriptions: [subscription('t', 'q', { ReplayPolicy: {} })] },
      /AWS::SNS::Subscription\.ReplayPolicy/,
    ],
    ['another protocol', { subscriptions: [subscription('t', 'q', { Protocol: 'email' })] }, /not by email/],
    ['a FIFO queue by a plain name', { queues: [queue('q', { FifoQueue: true })] }, /ends in \.fifo/],
    ['a FIFO topic by a plain name', { topics: [queue('t', { FifoTopic: true })] }, /ends in \.fifo/],
    [
      'FIFO attributes on a standard queue',
      { queues: [queue('q', { DeduplicationScope: 'queue' })] },
      /FIFO queues only/,
    ],
    [
      'high throughput without its scope',
      { queues: [queue('q.fifo', { FifoQueue: true, FifoThroughputLimit: 'perMessageGroupId' })] },
      /needs DeduplicationScope messageGroup/,
    ],
    [
      'a dead-letter queue that is not there',
      { queues: [queue('q', { RedrivePolicy: { deadLetterTargetArn: arnOf('x'), maxReceiveCount: 1 } })] },
      /dead-letter queue x does not exist/,
    ],
    [
      'a standard dead-letter queue of a FIFO queue',
      {
        queues: [
          queue('x'),
          queue('q.fifo', {
            FifoQueue: true,
            RedrivePolicy: { deadLetterTargetArn: arnOf('x'), maxReceiveCount: 1 },
          }),
        ],
      },
      /must be of the same type/,
    ],
  ])('refuse %s', async (_what, resources, message) => {
    await expect(provision(resources)).rejects.toThrow(message);
  });
});
