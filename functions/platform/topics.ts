import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { httpHandler } from './http-handler.ts';

const sns = new SNSClient({ maxAttempts: 3, requestHandler: httpHandler({ requestTimeout: 3_000, maxSockets: 50 }) });

/** A message for a topic. `fifo` holds what a FIFO topic demands, and is absent for a standard one. */
export interface TopicMessage {
  topicArn: string;
  body: string;
  targetChannel: string;
  fifo?: { groupId: string; deduplicationId: string };
}

/**
 * Publishes one message; `targetChannel` is the attribute that subscriptions filter on. A try whose answer was lost
 * is repeated: on a standard topic that may publish twice, which the processor's commit removes.
 */
export async function publishToTopic({ topicArn, body, targetChannel, fifo }: TopicMessage): Promise<void> {
  await sns.send(
    new PublishCommand({
      TopicArn: topicArn,
      Message: body,
      MessageAttributes: { targetChannel: { DataType: 'String', StringValue: targetChannel } },
      ...(fifo && { MessageGroupId: fifo.groupId, MessageDeduplicationId: fifo.deduplicationId }),
    }),
  );
}
