import { environments } from '../../infra/config.ts';
import type { Resource } from './synthesized.ts';
import { Synthesized, targetId } from './synthesized.ts';

describe.each(environments)('topics and queues of %s', (environment) => {
  const stack = new Synthesized(environment);
  const everyTopic = stack.ofType('AWS::SNS::Topic');
  /** Those that messages pass; alarms have another. */
  const topics = everyTopic.filter(({ id }) => id.startsWith('Messaging'));
  const queues = stack.ofType('AWS::SQS::Queue');
  const subscriptions = stack.ofType('AWS::SNS::Subscription');

  const deadLetterQueues = [
    'StandardDeadLetters',
    'FifoDeadLetters',
    'DeliveryRetryDeadLetters',
    'FanOutDeadLetters',
    'PermissionStreamFailures',
  ].map((name) => stack.at(`Messaging/${name}`, 'AWS::SQS::Queue').id);

  const isFifoTopic = ({ Properties }: Resource): boolean => Properties?.FifoTopic === true;
  const isFifoQueue = ({ Properties }: Resource): boolean => Properties?.FifoQueue === true;
  const deniesPlainText = (policy: Resource): boolean =>
    policy['Properties'].PolicyDocument.Statement.some(
      ({ Effect, Condition }: { Effect: string; Condition?: unknown }) =>
        Effect === 'Deny' && JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
    );

  it('has a topic and a queue of each kind, and a queue for single posts', () => {
    expect(topics.map(isFifoTopic).sort()).toEqual([false, true]);
    expect(subscriptions).toHaveLength(2);
    expect(stack.at('Messaging/DeliveryRetryQueue', 'AWS::SQS::Queue')).toBeDefined();
  });

  it.each(subscriptions)('feeds a queue of the same kind as the topic: $id', ({ Properties }) => {
    // SNS refuses a FIFO queue behind a standard topic, and neither CDK nor its validation says so.
    const topic = stack.target(Properties.TopicArn);
    const queue = stack.target(Properties.Endpoint);
    expect({ topic: topic.id, fifo: isFifoQueue(queue) }).toEqual({ topic: topic.id, fifo: isFifoTopic(topic) });
  });

  it.each(subscriptions)(
    'delivers WebSocket messages only, raw, and keeps what it cannot deliver: $id',
    (subscription) => {
      expect(subscription['Properties']).toMatchObject({
        FilterPolicy: { targetChannel: ['WebSocket'] },
        Protocol: 'sqs',
        RawMessageDelivery: true,
        RedrivePolicy: { deadLetterTargetArn: expect.anything() },
      });
      expect(subscription['Properties'].FilterPolicyScope ?? 'MessageAttributes').toBe('MessageAttributes');
    },
  );

  it('lets SNS write to a queue for its own topic only', () => {
    for (const { Properties } of subscriptions) {
      for (const queueArn of [Properties.Endpoint, Properties.RedrivePolicy.deadLetterTargetArn]) {
        const policies = stack
          .ofType('AWS::SQS::QueuePolicy')
          .filter((policy) =>
            policy['Properties'].Queues.some((queue: unknown) => targetId(queue) === targetId(queueArn)),
          );
        const allowed = policies
          .flatMap((policy) => policy['Properties'].PolicyDocument.Statement)
          .filter(({ Effect }) => Effect === 'Allow');
        expect(allowed).toEqual([
          expect.objectContaining({
            Action: 'sqs:SendMessage',
            Principal: { Service: 'sns.amazonaws.com' },
            Condition: { ArnEquals: { 'aws:SourceArn': Properties.TopicArn } },
          }),
        ]);
      }
    }
  });

  it('traces messages through both topics, and lets SNS tell X-Ray of these alone', () => {
    const traced = topics.filter(({ Properties }) => Properties?.TracingConfig === 'Active').map(({ id }) => id);
    expect(traced.sort()).toEqual(subscriptions.map(({ Properties }) => targetId(Properties.TopicArn)).sort());
    const [policy, ...others] = stack.ofType('AWS::XRay::ResourcePolicy');
    expect(others).toEqual([]);
    const text: string = policy?.['Properties'].PolicyDocument['Fn::Join'][1]
      .map((part: string | object) => (typeof part === 'string' ? part : Object.values(part).join()))
      .join('');
    const [statement, ...more] = JSON.parse(text).Statement;
    expect(more).toEqual([]);
    expect(statement).toMatchObject({
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': 'AWS::AccountId' } },
    });
    expect([...statement.Condition.StringLike['aws:SourceArn']].sort()).toEqual(traced);
  });

  it('orders and deduplicates by group, so that one group does not slow another', () => {
    for (const topic of topics.filter(isFifoTopic)) {
      expect(topic['Properties']).toMatchObject({ FifoThroughputScope: 'MessageGroup' });
    }
    for (const queue of queues.filter(isFifoQueue)) {
      expect(queue['Properties']).toMatchObject({
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
      });
    }
  });

  it('takes identity from the publisher, never from a hash of the body', () => {
    for (const { Properties } of [...topics, ...queues]) {
      expect(Properties?.ContentBasedDeduplication).toBeUndefined();
    }
  });

  it('refuses plain text and encrypts at rest everywhere', () => {
    const policies = [...stack.ofType('AWS::SQS::QueuePolicy'), ...stack.ofType('AWS::SNS::TopicPolicy')];
    const refusing = policies
      .filter(deniesPlainText)
      .flatMap(({ Properties }) => [...(Properties.Queues ?? []), ...(Properties.Topics ?? [])].map(targetId));
    expect(refusing.sort()).toEqual([...queues, ...everyTopic].map(({ id }) => id).sort());
    for (const queue of queues) expect(queue['Properties']).toMatchObject({ SqsManagedSseEnabled: true });
    for (const topic of topics) expect(topic['Properties']).toMatchObject({ KmsMasterKeyId: 'alias/aws/sns' });
  });

  it('gives every queue that messages wait in a dead-letter queue of its own kind, kept for two weeks', () => {
    const working = queues.filter(({ id }) => !deadLetterQueues.includes(id));
    for (const queue of working) {
      const { deadLetterTargetArn, maxReceiveCount } = queue['Properties'].RedrivePolicy;
      const deadLetters = stack.target(deadLetterTargetArn);
      expect(isFifoQueue(deadLetters)).toBe(isFifoQueue(queue));
      expect(deadLetters['Properties'].MessageRetentionPeriod).toBe(14 * 24 * 3600);
      expect(maxReceiveCount).toBeGreaterThanOrEqual(5);
    }
    const targets = working.map(({ Properties }) => targetId(Properties.RedrivePolicy.deadLetterTargetArn));
    expect(new Set(targets).size).toBe(working.length);
  });

  it('drains every dead-letter queue with one function, and never gives a letter up', () => {
    const recorder = stack.functions().get('dead-letter-recorder');
    const drained = stack
      .eventSources('AWS::SQS::Queue')
      .filter(({ Properties }) => targetId(Properties.FunctionName) === recorder?.id)
      .map(({ Properties }) => targetId(Properties.EventSourceArn));
    expect(drained.sort()).toEqual([...deadLetterQueues].sort());
    for (const queue of queues.filter(({ id }) => deadLetterQueues.includes(id))) {
      expect(queue['Properties'].RedrivePolicy).toBeUndefined();
      expect(queue['Properties'].MessageRetentionPeriod).toBe(14 * 24 * 3600);
    }
  });

  it('takes no message that would fit neither SNS nor a row of DynamoDB', () => {
    for (const { Properties } of queues) expect(Properties.MaximumMessageSize).toBe(262_144);
  });

  it('leaves what SNS cannot deliver beside what the queue gave up', () => {
    for (const { Properties } of subscriptions) {
      const queue = stack.target(Properties.Endpoint);
      expect(Properties.RedrivePolicy.deadLetterTargetArn).toEqual(
        queue['Properties'].RedrivePolicy.deadLetterTargetArn,
      );
    }
  });
});
