import { ListQueuesCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ulid } from 'ulid';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import type { Outputs } from '../../setup/outputs.ts';

/** A message as whoever gave it up puts it on a dead-letter queue. */
export type Letter = { body: string; groupId?: string | undefined; attributes?: Record<string, string> };

/** By operators' names, the queues as the template names them. */
const queues = {
  standard: 'MessagingStandardDeadLetters',
  fifo: 'MessagingFifoDeadLetters',
  'delivery-retry': 'MessagingDeliveryRetryDeadLetters',
  'fan-out': 'MessagingFanOutDeadLetters',
  'permission-stream': 'MessagingPermissionStreamFailures',
} as const;

export type QueueName = keyof typeof queues;

/** SendMessageBatch takes ten. */
const lettersPerCall = 10;
const callsAtOnce = 8;

/** Puts letters on the dead-letter queues, past the service. */
export class DeadLetterQueues {
  readonly #sqs: SQSClient;

  constructor({ edge, region }: Outputs) {
    if (!edge) throw new Error('These outputs have no edge: this test needs the embedded cloud');
    const settings = { region, endpoint: edge.url, credentials: outsideCredentials };
    this.#sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  }

  /** FIFO letters are put there one call after the other, since their order is meant. */
  async put(queue: QueueName, letters: readonly Letter[]): Promise<void> {
    const { QueueUrls = [] } = await this.#sqs.send(new ListQueuesCommand({}));
    const url = QueueUrls.find((candidate) => candidate.includes(queues[queue]));
    const fifo = queue === 'fifo' || queue === 'fan-out';
    const calls = Array.from({ length: Math.ceil(letters.length / lettersPerCall) }, (_none, index) =>
      letters.slice(index * lettersPerCall, (index + 1) * lettersPerCall),
    );
    const sendAll = async (): Promise<void> => {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) await this.#send(url, call, fifo);
    };
    await Promise.all(Array.from({ length: fifo ? 1 : callsAtOnce }, sendAll));
  }

  close(): void {
    this.#sqs.destroy();
  }

  async #send(QueueUrl: string | undefined, letters: readonly Letter[], fifo: boolean): Promise<void> {
    const { Failed = [] } = await this.#sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: letters.map(({ body, groupId, attributes = {} }, index) => ({
          Id: String(index),
          MessageBody: body,
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
          ),
          ...(fifo && { MessageGroupId: groupId, MessageDeduplicationId: ulid() }),
        })),
      }),
    );
    if (Failed.length > 0) throw new Error(`SQS refused ${JSON.stringify(Failed)}`);
  }
}
