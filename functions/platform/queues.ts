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
const entriesPerCall = 10;

/** Kept well under the 256 KiB that one call may carry in all, which leaves room for SQS's own accounting. */
export const callBytes = 250_000;

/** One message with its attributes, as SendMessage takes it. */
export type OutgoingMessage = Omit<SendMessageCommandInput, 'QueueUrl'>;

/** Sends one message with its attributes. */
export async function sendMessage(queueUrl: string, message: OutgoingMessage): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, ...message }));
}

/**
 * Sends bodies (each at most `callBytes` in UTF-8) to a standard queue, as many a call as fit.
 *
 * @param delaySeconds until the queue hands them out.
 * @returns how many were refused: a call can succeed for some of its entries only.
 */
export async function sendMessages(queueUrl: string, bodies: readonly string[], delaySeconds = 0): Promise<number> {
  let refused = 0;
  for (const batch of packed(bodies)) {
    const entries = batch.map((body, index) => ({
      Id: String(index),
      MessageBody: body,
      ...(delaySeconds > 0 && { DelaySeconds: delaySeconds }),
    }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    refused += Failed.length;
  }
  return refused;
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

function packed(bodies: readonly string[]): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const body of bodies) {
    const bytes = Buffer.byteLength(body);
    const last = batches.at(-1);
    if (last && last.length < entriesPerCall && bytes <= room) {
      last.push(body);
      room -= bytes;
    } else {
      batches.push([body]);
      room = callBytes - bytes;
    }
  }
  return batches;
}
