import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { httpHandler } from './http-handler.ts';

const sns = new SNSClient({ maxAttempts: 3, requestHandler: httpHandler({ requestTimeout: 3_000, maxSockets: 50 }) });

/** A message for a topic. */
export interface TopicMessage {
  topicArn: string;
  body: string;
  targetChannel: string;
  /**
   * Whose messages keep their order, on a FIFO topic. On a standard one whose messages wait behind those of all others while they
   * are too many: SNS hands it on to standard queues, which then are fair (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html,
   * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html).
   */
  groupId: string;
  /** FIFO topics demand one, and standard ones take none. */
  deduplicationId?: string;
}

/**
 * Publishes one message; `targetChannel` is the attribute that subscriptions filter on. A try whose answer was lost
 * is repeated: on a standard topic that may publish twice, which the processor's commit removes.
 */
export async function publishToTopic(message: TopicMessage): Promise<void> {
  const { topicArn, body, targetChannel, groupId, deduplicationId } = message;
  await sns.send(
    new PublishCommand({
      TopicArn: topicArn,
      Message: body,
      MessageAttributes: { targetChannel: { DataType: 'String', StringValue: targetChannel } },
      MessageGroupId: groupId,
      ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
    }),
  );
}
