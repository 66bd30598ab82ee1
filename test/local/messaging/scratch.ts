import { SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Message, ReceiveMessageCommandInput } from '@aws-sdk/client-sqs';
import { queueUrlOf } from '../../../local/messaging/identifiers.ts';
import { startMessaging } from '../../../local/messaging/messaging.ts';
import type { Messaging } from '../../../local/messaging/messaging.ts';
import { startFront } from '../front.ts';
import { onScratchData, type OnScratchData } from '../on-scratch-data.ts';

export const region = 'eu-west-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** SNS and SQS on a data folder of their own, and the real SDK clients that reach them through the forwarding. */
export type Scratch = OnScratchData<{ messaging: Messaging; sns: SNSClient; sqs: SQSClient }>;

export function startScratch(): Promise<Scratch> {
  return onScratchData('messaging', async (dataFolder) => {
    const messaging = await startMessaging({ dataFolder, region });
    const front = await startFront((request) => messaging.forward(request));
    const settings = { region, endpoint: front.url, credentials, maxAttempts: 1 };
    const sns = new SNSClient(settings);
    const sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
    return {
      running: { messaging, sns, sqs },
      async end() {
        sns.destroy();
        sqs.destroy();
        await front.stop();
        await messaging.stop();
      },
    };
  });
}

export const urlOf = (queue: string) => queueUrlOf(region, queue);
export const arnOf = (queue: string) => `arn:aws:sqs:${region}:000000000000:${queue}`;

/** Sends to a FIFO queue; the body is the deduplication id unless another is given. */
export function sendFifo(scratch: Scratch, queue: string, group: string, body: string, deduplicationId = body) {
  return scratch.sqs.send(
    new SendMessageCommand({
      QueueUrl: urlOf(queue),
      MessageBody: body,
      MessageGroupId: group,
      MessageDeduplicationId: deduplicationId,
    }),
  );
}

/** Receives up to 10 messages with all attributes, without waiting unless told to. */
export async function receive(
  scratch: Scratch,
  queue: string,
  options: Partial<ReceiveMessageCommandInput> = {},
): Promise<Message[]> {
  const { Messages = [] } = await scratch.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: urlOf(queue),
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
      ...options,
    }),
  );
  return Messages;
}

export const bodiesOf = (messages: Message[]) => messages.map(({ Body }) => Body);
