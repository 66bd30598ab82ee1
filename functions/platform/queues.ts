import {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { httpHandler } from './http-handler.ts';

const sqs = new SQSClient({ maxAttempts: 3, requestHandler: httpHandler({ requestTimeout: 2_000, maxSockets: 20 }) });

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
export const entriesPerCall = 10;

/** Kept well under the 256 KiB that one call may carry in all, which leaves room for SQS's own accounting. */
export const callBytes = 250_000;

/** One message with its attributes, as SendMessage takes it. */
export type OutgoingMessage = Omit<SendMessageCommandInput, 'QueueUrl'>;

/** Sends one message with its attributes. */
export async function sendMessage(queueUrl: string, message: OutgoingMessage): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, ...message }));
}

/** Why SQS did not take a message. The sender's fault: it would not take it another time either. */
export interface NotTaken {
  code: string;
  senderFault: boolean;
}

/**
 * Sends up to ten messages with their attributes in one call.
 *
 * @returns for each message, in order, nothing, or why it was not taken.
 * @throws AWS errors: then any of them may have been taken.
 */
export async function sendTogether(
  queueUrl: string,
  messages: readonly OutgoingMessage[],
): Promise<(NotTaken | undefined)[]> {
  const entries = messages.map((message, index) => ({ Id: String(index), ...message }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
  const failures = new Map(
    Failed.map(({ Id, Code = 'Unknown', SenderFault = false }) => [Id, { code: Code, senderFault: SenderFault }]),
  );
  return entries.map(({ Id }) => failures.get(Id));
}

/** One of several messages for a queue, at most `callBytes` in UTF-8. `fifo` holds what a FIFO queue demands. */
export interface OutgoingBody {
  body: string;
  fifo?: { groupId: string; deduplicationId: string };
}

/**
 * Sends messages, as many a call as fit, all calls at once: messages of one FIFO group keep their order within a call only.
 *
 * @param delaySeconds until a standard queue hands them out.
 * @returns those that were refused: a call can succeed for some of its entries only.
 */
export async function sendMessages<Message extends OutgoingBody>(
  queueUrl: string,
  messages: readonly Message[],
  delaySeconds = 0,
): Promise<Message[]> {
  const refused = await Promise.all(
    packed(messages).map(async (batch) => {
      const entries = batch.map(({ body, fifo }, index) => ({
        Id: String(index),
        MessageBody: body,
        ...(fifo && { MessageGroupId: fifo.groupId, MessageDeduplicationId: fifo.deduplicationId }),
        ...(delaySeconds > 0 && { DelaySeconds: delaySeconds }),
      }));
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
      return Failed.flatMap(({ Id }) => batch[Number(Id)] ?? []);
    }),
  );
  return refused.flat();
}

/** Sets when messages that were received become visible again. */
export async function changeVisibility(
  queueUrl: string,
  messages: readonly { receiptHandle: string; seconds: number }[],
): Promise<void> {
  for (let start = 0; start < messages.length; start += entriesPerCall) {
    const batch = messages.slice(start, start + entriesPerCall);
    await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ receiptHandle, seconds }, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: seconds,
        })),
      }),
    );
  }
}

function packed<Message extends OutgoingBody>(messages: readonly Message[]): Message[][] {
  const batches: Message[][] = [];
  let room = 0;
  for (const message of messages) {
    const bytes = Buffer.byteLength(message.body);
    const last = batches.at(-1);
    if (last && last.length < entriesPerCall && bytes <= room) last.push(message);
    else {
      batches.push([message]);
      room = callBytes;
    }
    room -= bytes;
  }
  return batches;
}
