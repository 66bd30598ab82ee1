import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport } from '../template/stack.ts';
import { callSns, entriesOf, MessagingError } from './calls.ts';
import type { Messaging } from './messaging.ts';
import { topicArnOf } from './identifiers.ts';

/** The properties of https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html known here. */
export const topicProperties: Record<string, PropertySupport> = {
  TopicName: 'implemented',
  FifoTopic: 'implemented',
  ContentBasedDeduplication: 'implemented',
  FifoThroughputScope: 'implemented',
  DisplayName: 'implemented',
  KmsMasterKeyId: { noEffect: 'what the laptop stores is as safe as the laptop' },
  DeliveryStatusLogging: { noEffect: 'topics keep no log of their deliveries locally' },
  TracingConfig: { noEffect: 'a topic passes traces on, and tells none of its own' },
  SignatureVersion: { noEffect: 'messages to queues carry no signature that anybody checks' },
  Tags: { noEffect: 'nothing local reads tags' },
};

/**
 * Creates the topic `name`, or sets those attributes of an existing one that the template changed; its subscriptions stay.
 * @param properties of AWS::SNS::Topic, intrinsics resolved
 * @throws Error when a property is not implemented, or AWS would refuse the combination
 */
export async function provisionTopic(messaging: Messaging, name: string, properties: object): Promise<void> {
  refuseUnknownProperties('AWS::SNS::Topic', properties, topicProperties);
  const wanted = topicAttributesOf(name, properties as Record<string, unknown>);
  const TopicArn = topicArnOf(messaging.region, name);
  const existing = await topicAttributes(messaging, TopicArn);
  if (!existing) {
    await callSns(messaging, 'CreateTopic', { Name: name }, wanted);
    return;
  }
  for (const [AttributeName, AttributeValue] of Object.entries(wanted)) {
    if (AttributeName !== 'FifoTopic' && existing[AttributeName] !== AttributeValue) {
      await callSns(messaging, 'SetTopicAttributes', { TopicArn, AttributeName, AttributeValue });
    }
  }
}

async function topicAttributes(messaging: Messaging, TopicArn: string): Promise<Record<string, string> | undefined> {
  try {
    return entriesOf(await callSns(messaging, 'GetTopicAttributes', { TopicArn }));
  } catch (error) {
    if (error instanceof MessagingError && error.code === 'NotFound') {
      return undefined;
    }
    throw error;
  }
}

function topicAttributesOf(name: string, properties: Record<string, unknown>): Record<string, string> {
  const fifo = properties['FifoTopic'] === true || properties['FifoTopic'] === 'true';
  if (fifo !== name.endsWith('.fifo')) {
    throw new Error(`Topic ${name}: the name of a FIFO topic, and of no other, ends in .fifo.`);
  }
  const fifoDefaults: Record<string, string> = { ContentBasedDeduplication: 'false', FifoThroughputScope: 'Topic' };
  const fifoOnly = Object.keys(fifoDefaults).filter((property) => property in properties);
  if (!fifo && fifoOnly.length > 0) {
    throw new Error(`Topic ${name}: ${fifoOnly.join(', ')} is for FIFO topics only.`);
  }
  const defaults: Record<string, string> = { DisplayName: '', ...(fifo && { ...fifoDefaults, FifoTopic: 'true' }) };
  return Object.fromEntries(
    Object.entries(defaults).map(([key, value]) => [key, key in properties ? String(properties[key]) : value]),
  );
}
