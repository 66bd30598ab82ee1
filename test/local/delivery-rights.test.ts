import { requireDeliveryRights } from '../../local/rights/delivery-rights.ts';
import { PolicyEvaluator } from '../../local/edge/iam.ts';
import type { Stack } from '../../local/template/stack.ts';

const where = { stackName: 'stack', region: 'us-east-1', accountId: '000000000000' };
const arnOf = (service: string, name: string): string => `arn:aws:${service}:us-east-1:000000000000:${name}`;
const [topic, otherTopic] = [arnOf('sns', 'Topic'), arnOf('sns', 'OtherTopic')];
const [queue, deadLetters] = [arnOf('sqs', 'Queue'), arnOf('sqs', 'DeadLetters')];

/** A stack in which the topic feeds the queue, and what it cannot hand over goes to the dead-letter queue. */
const stack: Stack = {
  where,
  outputs: {},
  ofType: (type) => {
    if (type !== 'AWS::SNS::Subscription') return [];
    const properties = { TopicArn: topic, Endpoint: queue, RedrivePolicy: { deadLetterTargetArn: deadLetters } };
    return [{ logicalId: 'Subscription', type, ref: 'subscription', attributes: {}, properties }];
  },
};

function letting(sourceArn: string, service = 'sns.amazonaws.com'): (resource: string) => object {
  return (resource) => ({
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'sqs:SendMessage',
    Resource: resource,
    Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
  });
}

function boot(policies: Record<string, (resource: string) => object>): () => void {
  const resourcePolicies = Object.entries(policies).map(([resource, statement]) => ({
    name: 'QueuePolicy',
    document: { Version: '2012-10-17', Statement: [statement(resource)] },
    resources: [resource],
  }));
  return () => requireDeliveryRights(stack, new PolicyEvaluator(where, [], resourcePolicies));
}

describe('SNS may deliver to a queue only as the queue’s policy says', () => {
  test('a stack whose queues let their topic in boots', () => {
    expect(boot({ [queue]: letting(topic), [deadLetters]: letting(topic) })).not.toThrow();
  });

  test('a queue without a policy refuses the start, by name', () => {
    expect(boot({ [deadLetters]: letting(topic) })).toThrow('topic Topic may not send to its queue Queue');
  });

  test('a subscription’s dead-letter queue without a policy refuses the start, by name', () => {
    expect(boot({ [queue]: letting(topic) })).toThrow(
      'topic Topic may not send to its subscription’s dead-letter queue DeadLetters',
    );
  });

  test.each([
    ['another topic', letting(otherTopic)],
    ['another service', letting(topic, 'events.amazonaws.com')],
  ])('a policy that lets in %s does not help', (_whom, statement) => {
    expect(boot({ [queue]: statement, [deadLetters]: letting(topic) })).toThrow(`aws:SourceArn ${topic}`);
  });
});
