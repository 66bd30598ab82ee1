import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport } from '../template/stack.ts';
import { callSqs, MessagingError } from './calls.ts';
import type { Messaging } from './messaging.ts';
import { nameInArn, queueUrlOf } from './identifiers.ts';

/** The properties of https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html known here. */
export const queueProperties: Record<string, PropertySupport> = {
  QueueName: 'implemented',
  FifoQueue: 'implemented',
  ContentBasedDeduplication: 'implemented',
  DeduplicationScope: 'implemented',
  VisibilityTimeout: 'implemented',
  DelaySeconds: 'implemented',
  MaximumMessageSize: 'implemented',
  ReceiveMessageWaitTimeSeconds: 'implemented',
  RedrivePolicy: 'implemented',
  MessageRetentionPeriod: { noEffect: 'local queues keep messages until they are deleted' },
  RedriveAllowPolicy: { noEffect: 'one stack owns every local queue' },
  FifoThroughputLimit: { noEffect: 'local queues take all the traffic the machine can' },
  SqsManagedSseEnabled: { noEffect: 'what the laptop stores is as safe as the laptop' },
  KmsMasterKeyId: { noEffect: 'what the laptop stores is as safe as the laptop' },
  KmsDataKeyReusePeriodSeconds: { noEffect: 'what the laptop stores is as safe as the laptop' },
  Tags: { noEffect: 'nothing local reads tags' },
};

/** The attributes a property becomes, with the value each goes back to when it leaves the template. */
const DEFAULTS: Record<string, string> = {
  VisibilityTimeout: '30',
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  ReceiveMessageWaitTimeSeconds: '0',
  MessageRetentionPeriod: '345600',
  RedrivePolicy: '',
  RedriveAllowPolicy: '',
  SqsManagedSseEnabled: 'true',
};
const FIFO_DEFAULTS: Record<string, string> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/**
 * Creates the queue `name`, or sets those attributes of an existing one that the template changed; its messages stay.
 * @param properties of AWS::SQS::Queue, intrinsics resolved
 * @throws Error when a property is not implemented, or AWS would refuse the combination
 */
export async function provisionQueue(messaging: Messaging, name: string, properties: object): Promise<void> {
  refuseUnknownProperties('AWS::SQS::Queue', properties, queueProperties);
  const wanted = attributesOf(name, properties as Record<string, unknown>);
  await checkDeadLetterQueue(messaging, name, wanted['RedrivePolicy'] ?? '');
  const existing = await queueAttributes(messaging, name);
  if (!existing) {
    const Attributes = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ''));
    await callSqs(messaging, 'CreateQueue', { QueueName: name, Attributes });
    return;
  }
  const changed = Object.entries(wanted).filter(([key, value]) => (existing[key] ?? '') !== value);
  if (changed.length > 0) {
    await callSqs(messaging, 'SetQueueAttributes', {
      QueueUrl: queueUrlOf(messaging.region, name),
      Attributes: Object.fromEntries(changed),
    });
  }
}

/** The attributes of a queue, or undefined when there is none. */
async function queueAttributes(messaging: Messaging, name: string): Promise<Record<string, string> | undefined> {
  try {
    const { Attributes } = await callSqs<{ Attributes: Record<string, string> }>(messaging, 'GetQueueAttributes', {
      QueueUrl: queueUrlOf(messaging.region, name),
      AttributeNames: ['All'],
    });
    return Attributes;
  } catch (error) {
    if (error instanceof MessagingError && error.code === 'QueueDoesNotExist') {
      return undefined;
    }
    throw error;
  }
}

export async function queueExists(messaging: Messaging, name: string): Promise<boolean> {
  return (await queueAttributes(messaging, name)) !== undefined;
}

/** Every attribute the queue is to have, as SQS writes them. */
function attributesOf(name: string, properties: Record<string, unknown>): Record<string, string> {
  const fifo = properties['FifoQueue'] === true || properties['FifoQueue'] === 'true';
  const refuse = (reason: string) => {
    throw new Error(`Queue ${name}: ${reason}`);
  };
  if (fifo !== name.endsWith('.fifo')) {
    refuse('the name of a FIFO queue, and of no other, ends in .fifo.');
  }
  const fifoOnly = Object.keys(FIFO_DEFAULTS).filter((property) => property in properties);
  if (!fifo && fifoOnly.length > 0) {
    refuse(`${fifoOnly.join(', ')} is for FIFO queues only.`);
  }
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
  if (
    properties['FifoThroughputLimit'] === 'perMessageGroupId' &&
    properties['DeduplicationScope'] !== 'messageGroup'
  ) {
    refuse('FifoThroughputLimit perMessageGroupId needs DeduplicationScope messageGroup.');
  }
  const defaults = fifo ? { ...DEFAULTS, ...FIFO_DEFAULTS, FifoQueue: 'true' } : DEFAULTS;
  return Object.fromEntries(
    Object.entries(defaults).map(([key, value]) => [key, key in properties ? asText(properties[key]) : value]),
  );
}

function asText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** SQS answers these as errors; fauxqs would lose the messages instead. */
async function checkDeadLetterQueue(messaging: Messaging, name: string, redrivePolicy: string): Promise<void> {
  if (redrivePolicy === '') {
    return;
  }
  const { deadLetterTargetArn } = JSON.parse(redrivePolicy) as { deadLetterTargetArn: string };
  const target = nameInArn(deadLetterTargetArn);
  if (!(await queueExists(messaging, target))) {
    throw new Error(`Queue ${name}: its dead-letter queue ${target} does not exist.`);
  }
  if (target.endsWith('.fifo') !== name.endsWith('.fifo')) {
    throw new Error(`Queue ${name}: its dead-letter queue ${target} must be of the same type, standard or FIFO.`);
  }
}
