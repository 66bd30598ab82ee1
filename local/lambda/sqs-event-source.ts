import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { LambdaFunction } from './function.ts';

/** An AWS::Lambda::EventSourceMapping on a queue, resolved. */
export type SqsEventSource = {
  queueArn: string;
  queueUrl: string;
  fifo: boolean;
  region: string;
  batchSize: number;
  maximumConcurrency: number;
  reportBatchItemFailures: boolean;
};

/** How far delivery is made worse than the queue itself, to be as unkind as AWS documents it may be. */
export type Disorder = { random: () => number; duplicateProbability: number };

type Running = { stop(): Promise<void> };

/**
 * Polls a queue for a function as Lambda does: up to `maximumConcurrency` batches at once, what succeeded is deleted, what the function
 * reports as failed (or everything, when it throws) is left to reappear when its visibility ends.
 * Standard batches are shuffled and now and then hold a message twice: standard queues promise neither order nor once.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function pollQueue(source: SqsEventSource, sqs: SQSClient, target: LambdaFunction, disorder: Disorder): Running {
  const stopping = new AbortController();
  const pollers = Array.from({ length: source.maximumConcurrency }, () =>
    poll(source, sqs, target, disorder, stopping.signal),
  );
  return {
    async stop() {
      stopping.abort();
      await Promise.all(pollers);
    },
  };
}

async function poll(
  source: SqsEventSource,
  sqs: SQSClient,
  target: LambdaFunction,
  disorder: Disorder,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    const messages = await receive(source, sqs, stopping);
    if (messages.length === 0) continue;
    const delivered = source.fifo ? messages : disordered(messages, disorder);
    const failed = await failedMessages(source, target, delivered);
    const done = messages.filter(({ MessageId }) => MessageId && !failed.has(MessageId));
    await remove(source, sqs, done, stopping);
  }
}

async function receive(source: SqsEventSource, sqs: SQSClient, stopping: AbortSignal): Promise<Message[]> {
  try {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: source.queueUrl,
        MaxNumberOfMessages: Math.min(10, source.batchSize),
        WaitTimeSeconds: 20,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: stopping },
    );
    return Messages;
  } catch {
    await pause(stopping);
    return [];
  }
}

/** The ids that must stay in the queue: all of them when the function failed as a whole. */
async function failedMessages(
  source: SqsEventSource,
  target: LambdaFunction,
  messages: Message[],
): Promise<Set<string>> {
  const all = new Set(messages.map(({ MessageId }) => MessageId ?? ''));
  try {
    const response = await target.invoke({ Records: messages.map((message) => toRecord(source, message)) });
    if (!source.reportBatchItemFailures || response === null) return new Set();
    const { batchItemFailures = [] } = response as { batchItemFailures?: { itemIdentifier: string }[] };
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const unknown = [...failed].some((id) => !all.has(id));
    return unknown ? all : failed;
  } catch {
    return all;
  }
}

async function remove(
  source: SqsEventSource,
  sqs: SQSClient,
  messages: Message[],
  stopping: AbortSignal,
): Promise<void> {
  if (messages.length === 0) return;
  try {
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: source.queueUrl,
        Entries: messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    );
  } catch {
    await pause(stopping);
  }
}

function disordered(messages: Message[], { random, duplicateProbability }: Disorder): Message[] {
  const result = [...messages];
  const repeated = messages[Math.floor(random() * messages.length)];
  if (repeated && random() < duplicateProbability) result.push(repeated);
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    const [a, b] = [result[index], result[other]];
    if (a && b) [result[index], result[other]] = [b, a];
  }
  return result;
}

/** The record shape of https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html. */
function toRecord(source: SqsEventSource, message: Message): Record<string, unknown> {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    {
      stringValue: value.StringValue,
      ...(value.BinaryValue && { binaryValue: Buffer.from(value.BinaryValue).toString('base64') }),
      stringListValues: [],
      binaryListValues: [],
      dataType: value.DataType,
    },
  ]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: source.queueArn,
    awsRegion: source.region,
  };
}

function pause(stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 200);
    stopping.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
