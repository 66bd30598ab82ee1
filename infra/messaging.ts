import { Aws, Stack, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopic, FifoThroughputScope, SubscriptionFilter, Topic, TracingConfig } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { QueueProps } from 'aws-cdk-lib/aws-sqs';
import { CfnResourcePolicy } from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';
import { child } from './child.ts';
import type { Settings } from './settings.ts';

/** A topic, the queue of this service behind it, and where messages of either end that could not be handled. */
export interface Lane {
  topic: Topic;
  queue: Queue;
  deadLetters: Queue;
}

/**
 * The most a message may have, attributes included. SQS by itself takes 1 MiB today
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html), and what is beyond this fits neither
 * SNS, which takes 256 KiB (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html), nor a row of DynamoDB, 400 KB, as a dead letter.
 */
const maxMessageSizeBytes = 262_144;

/** The group is the unit of order and of deduplication, so that groups do not share one throughput limit. */
const highThroughput: Partial<QueueProps> = {
  fifo: true,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
};

/**
 * Topics and queues between publishers and the processor. A topic feeds a queue of its own kind only: SNS refuses a
 * FIFO queue behind a standard topic, and a standard queue behind a FIFO topic loses the order.
 */
export class Messaging extends Construct {
  readonly standard: Lane;
  readonly fifo: Lane;
  readonly deliveryRetries: Queue;
  readonly deliveryRetryDeadLetters: Queue;
  /** What large chats' slots of subscribers are owed: a slot of a chat is a group. */
  readonly fanOut: Queue;
  readonly fanOutDeadLetters: Queue;
  /** Which records of the Permissions table's stream could not be followed; their contents stay in the stream, for a day. */
  readonly permissionStreamFailures: Queue;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const { processor, deliveryRetry, fanOut, deadLetterRecorder, deadLetterRetention } = settings;

    const queue = (name: string, props: QueueProps): Queue =>
      new Queue(this, name, {
        encryption: QueueEncryption.SQS_MANAGED,
        enforceSSL: true,
        maxMessageSizeBytes,
        ...props,
      });
    // No dead-letter queue of their own: the recorder that drains them must never lose a letter, however often it fails.
    const deadLetters = (name: string, props: QueueProps = {}): Queue =>
      queue(name, {
        ...props,
        visibilityTimeout: deadLetterRecorder.visibilityTimeout,
        retentionPeriod: deadLetterRetention,
      });

    const standardDeadLetters = deadLetters('StandardDeadLetters');
    this.standard = {
      topic: encrypted(new Topic(this, 'StandardTopic', { enforceSSL: true, tracingConfig: TracingConfig.ACTIVE })),
      deadLetters: standardDeadLetters,
      queue: queue('StandardQueue', {
        visibilityTimeout: processor.visibilityTimeout,
        deadLetterQueue: { queue: standardDeadLetters, maxReceiveCount: processor.maxReceiveCount },
      }),
    };

    const fifoDeadLetters = deadLetters('FifoDeadLetters', highThroughput);
    this.fifo = {
      topic: encrypted(
        new Topic(this, 'FifoTopic', {
          enforceSSL: true,
          tracingConfig: TracingConfig.ACTIVE,
          fifo: true,
          fifoThroughputScope: FifoThroughputScope.MESSAGE_GROUP,
        }),
      ),
      deadLetters: fifoDeadLetters,
      queue: queue('FifoQueue', {
        ...highThroughput,
        visibilityTimeout: processor.visibilityTimeout,
        deadLetterQueue: { queue: fifoDeadLetters, maxReceiveCount: processor.maxReceiveCount },
      }),
    };

    this.deliveryRetryDeadLetters = deadLetters('DeliveryRetryDeadLetters');
    this.deliveryRetries = queue('DeliveryRetryQueue', {
      visibilityTimeout: deliveryRetry.visibilityTimeout,
      deadLetterQueue: { queue: this.deliveryRetryDeadLetters, maxReceiveCount: deliveryRetry.maxReceiveCount },
    });

    this.fanOutDeadLetters = deadLetters('FanOutDeadLetters', highThroughput);
    this.fanOut = queue('FanOutQueue', {
      ...highThroughput,
      visibilityTimeout: fanOut.visibilityTimeout,
      deadLetterQueue: { queue: this.fanOutDeadLetters, maxReceiveCount: fanOut.maxReceiveCount },
    });

    this.permissionStreamFailures = deadLetters('PermissionStreamFailures');
    Validations.of(this.permissionStreamFailures).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is itself where failures end: Lambda writes to it what it gave up.',
    });

    for (const lane of [this.standard, this.fifo]) subscribe(lane);
    this.letTrace(this.standard.topic, this.fifo.topic);
  }

  /**
   * Lets SNS tell how long messages were in these topics, which it does for traces that X-Ray keeps. An account has room
   * for five such policies: https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html
   */
  private letTrace(...topics: Topic[]): void {
    const document = new PolicyDocument({
      statements: [
        new PolicyStatement({
          principals: [new ServicePrincipal('sns.amazonaws.com')],
          actions: ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
          resources: ['*'],
          conditions: {
            StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
            StringLike: { 'aws:SourceArn': topics.map(({ topicArn }) => topicArn) },
          },
        }),
      ],
    });
    new CfnResourcePolicy(this, 'TopicTraces', {
      policyName: `${Stack.of(this).stackName}-topics`,
      policyDocument: Stack.of(this).toJsonString(document),
    });
  }
}

/**
 * Puts the queue behind the topic for WebSocket messages only. Other channels are accepted and published; a queue of
 * their own with its own filter is how they are added. What SNS cannot hand to the queue goes where the queue's own
 * failures go, so there is one place to look.
 */
function subscribe({ topic, queue, deadLetters }: Lane): void {
  topic.addSubscription(
    new SqsSubscription(queue, {
      rawMessageDelivery: true,
      filterPolicy: { targetChannel: SubscriptionFilter.stringFilter({ allowlist: ['WebSocket'] }) },
      deadLetterQueue: deadLetters,
    }),
  );
}

/** Encrypts with the key AWS keeps for SNS, whose own policy lets every authorized publisher of the account use it. */
function encrypted(topic: Topic): Topic {
  child(topic, CfnTopic).kmsMasterKeyId = 'alias/aws/sns';
  return topic;
}
