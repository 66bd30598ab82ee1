import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport } from '../template/stack.ts';
import { callSns, entriesOf, textsOf } from './calls.ts';
import { nameInArn } from './identifiers.ts';
import type { Messaging } from './messaging.ts';
import { queueExists } from './queues.ts';

/** The properties of https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html known here. */
export const subscriptionProperties: Record<string, PropertySupport> = {
  TopicArn: 'implemented',
  Protocol: 'implemented',
  Endpoint: 'implemented',
  FilterPolicy: 'implemented',
  FilterPolicyScope: 'implemented',
  RawMessageDelivery: 'implemented',
  RedrivePolicy: { noEffect: 'a local delivery from topic to queue does not fail' },
};

/**
 * Subscribes a queue to a topic, or sets those attributes of an existing subscription that the template changed.
 * @param properties of AWS::SNS::Subscription, intrinsics resolved; topic and queue must exist
 * @returns the subscription's ARN
 * @throws Error when a property is not implemented, or AWS would refuse the subscription
 */
export async function provisionSubscription(messaging: Messaging, properties: object): Promise<string> {
  refuseUnknownProperties('AWS::SNS::Subscription', properties, subscriptionProperties);
  const { TopicArn, Protocol, Endpoint, FilterPolicy, FilterPolicyScope, RawMessageDelivery } = properties as {
    TopicArn: string;
    Protocol: string;
    Endpoint: string;
    FilterPolicy?: object;
    FilterPolicyScope?: string;
    RawMessageDelivery?: boolean | string;
  };
  await checkEndpoint(messaging, TopicArn, Protocol, Endpoint);
  const wanted = {
    RawMessageDelivery: String(RawMessageDelivery ?? false),
    FilterPolicyScope: FilterPolicyScope ?? 'MessageAttributes',
    FilterPolicy: FilterPolicy ? JSON.stringify(FilterPolicy) : '{}',
  };
  const arn = await subscriptionArn(messaging, TopicArn, Endpoint);
  if (arn === undefined) {
    const xml = await callSns(messaging, 'Subscribe', { TopicArn, Protocol, Endpoint }, wanted);
    return textsOf(xml, 'SubscriptionArn')[0] ?? '';
  }
  const existing: Record<string, string> = entriesOf(
    await callSns(messaging, 'GetSubscriptionAttributes', { SubscriptionArn: arn }),
  );
  for (const [AttributeName, AttributeValue] of Object.entries(wanted)) {
    if (existing[AttributeName] !== AttributeValue) {
      await callSns(messaging, 'SetSubscriptionAttributes', { SubscriptionArn: arn, AttributeName, AttributeValue });
    }
  }
  return arn;
}

/** Ends every subscription that is not in the list: those of a former template would go on delivering. */
export async function removeOtherSubscriptions(messaging: Messaging, keep: string[]): Promise<void> {
  for (const SubscriptionArn of await subscriptionArns(messaging, 'ListSubscriptions', {})) {
    if (!keep.includes(SubscriptionArn)) {
      await callSns(messaging, 'Unsubscribe', { SubscriptionArn });
    }
  }
}

async function checkEndpoint(
  messaging: Messaging,
  topicArn: string,
  protocol: string,
  endpoint: string,
): Promise<void> {
  const subscription = `The subscription of ${endpoint} to ${topicArn}`;
  if (protocol !== 'sqs') {
    throw new Error(`${subscription}: the embedded cloud delivers to queues only, not by ${protocol}.`);
  }
  const queue = nameInArn(endpoint);
  if (queue.endsWith('.fifo') && !topicArn.endsWith('.fifo')) {
    throw new Error(
      `${subscription} is one that SNS refuses: a FIFO queue cannot be subscribed to a standard topic, which has no message groups. ` +
        'Neither CDK nor CloudFormation validation says so before the deployment.',
    );
  }
  if (!(await queueExists(messaging, queue))) {
    throw new Error(`${subscription}: the queue does not exist.`);
  }
}

async function subscriptionArn(messaging: Messaging, topicArn: string, endpoint: string): Promise<string | undefined> {
  const input = { TopicArn: topicArn };
  const arns = await subscriptionArns(messaging, 'ListSubscriptionsByTopic', input, endpoint);
  return arns[0];
}

async function subscriptionArns(
  messaging: Messaging,
  action: 'ListSubscriptions' | 'ListSubscriptionsByTopic',
  input: Record<string, string>,
  endpoint?: string,
): Promise<string[]> {
  const found: string[] = [];
  let NextToken: string | undefined;
  do {
    const xml = await callSns(messaging, action, { ...input, ...(NextToken && { NextToken }) });
    const endpoints = textsOf(xml, 'Endpoint');
    const arns = textsOf(xml, 'SubscriptionArn');
    found.push(...arns.filter((_arn, index) => endpoint === undefined || endpoints[index] === endpoint));
    NextToken = textsOf(xml, 'NextToken')[0];
  } while (NextToken);
  return found;
}
