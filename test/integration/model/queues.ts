import { SNSClient, ListTopicsCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { ulid } from 'ulid';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import type { Lane } from '../../setup/outside.ts';
import type { Outputs } from '../../setup/outputs.ts';

/** A message as a queue holds it: the raw envelope, and on FIFO its group. */
export type QueueRecord = { lane: Lane; body: string; groupId: string };

const lanes: Lane[] = ['Standard', 'Fifo'];

/**
 * The service's queues from behind its back: sees every record that the topics gave them, by queues of its own on the same topics, and
 * delivers records again.
 */
export class Queues {
  /** Every record that the topics handed out, as it was. */
  readonly published: QueueRecord[] = [];
  readonly #sqs: SQSClient;
  readonly #urls: string[];
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>[] = [];

  private constructor(sqs: SQSClient, urls: string[]) {
    this.#sqs = sqs;
    this.#urls = urls;
  }

  /** Listens from now on. Resolves when nothing that is published after can be missed. */
  static async open({ edge, region }: Outputs): Promise<Queues> {
    if (!edge) throw new Error('These outputs have no edge: this test needs the embedded cloud');
    const settings = { region, endpoint: edge.url, credentials: outsideCredentials };
    const sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
    const queues = new Queues(sqs, QueueUrls);
    const sns = new SNSClient(settings);
    for (const lane of lanes) {
      const tap = await queues.#tap(sns, lane);
      queues.#follow(tap, ({ Body = '', Attributes }) =>
        queues.published.push({ lane, body: Body, groupId: Attributes?.MessageGroupId ?? '' }),
      );
    }
    sns.destroy();
    return queues;
  }

  /** Records of one chat that the topics handed out so far. */
  publishedTo(chatId: string): QueueRecord[] {
    return this.published.filter(({ body }) => chatOf(body) === chatId);
  }

  /** Puts records on the service's queues, in this order; SQS takes each for a new one. */
  async deliver(records: readonly QueueRecord[]): Promise<void> {
    for (const lane of lanes) {
      const ofLane = records.filter((record) => record.lane === lane);
      for (let start = 0; start < ofLane.length; start += 10) {
        await this.#send(lane, ofLane.slice(start, start + 10));
      }
    }
  }

  /** Whether nothing waits in the service's queues or is being worked on, retries of single posts included. */
  async areEmpty(): Promise<boolean> {
    const counted = [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesDelayed',
    ] as const;
    for (const name of ['MessagingStandardQueue', 'MessagingFifoQueue', 'MessagingDeliveryRetryQueue']) {
      const { Attributes = {} } = await this.#sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: this.#url(name), AttributeNames: [...counted] }),
      );
      if (counted.some((attribute) => Number(Attributes[attribute]) > 0)) return false;
    }
    return true;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#following);
    this.#sqs.destroy();
  }

  async #send(lane: Lane, records: readonly QueueRecord[]): Promise<void> {
    const { Failed = [] } = await this.#sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: this.#url(`Messaging${lane}Queue`),
        Entries: records.map(({ body, groupId }, index) => ({
          Id: String(index),
          MessageBody: body,
          ...(lane === 'Fifo' && { MessageGroupId: groupId, MessageDeduplicationId: ulid() }),
        })),
      }),
    );
    if (Failed.length > 0) throw new Error(`SQS refused ${JSON.stringify(Failed)}`);
  }

  /** A queue of our own that gets whatever the lane's topic gives to its subscribers. */
  async #tap(sns: SNSClient, lane: Lane): Promise<string> {
    const fifo = lane === 'Fifo';
    const { QueueUrl } = await this.#sqs.send(
      new CreateQueueCommand({
        QueueName: `tap-${ulid()}${fifo ? '.fifo' : ''}`,
        Attributes: fifo ? { FifoQueue: 'true' } : {},
      }),
    );
    const { Attributes } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const { Topics = [] } = await sns.send(new ListTopicsCommand({}));
    const { TopicArn } = Topics.find((topic) => topic.TopicArn?.includes(`${lane}Topic`)) ?? {};
    await sns.send(
      new SubscribeCommand({
        TopicArn,
        Protocol: 'sqs',
        Endpoint: Attributes?.QueueArn,
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
    return QueueUrl ?? '';
  }

  #follow(QueueUrl: string, take: (message: Message) => void): void {
    this.#following.push(this.#takeAll(QueueUrl, take));
  }

  async #takeAll(QueueUrl: string, take: (message: Message) => void): Promise<void> {
    const abortSignal = this.#stopping.signal;
    while (!abortSignal.aborted) {
      try {
        const { Messages = [] } = await this.#sqs.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: 10,
            WaitTimeSeconds: 20,
            MessageSystemAttributeNames: ['MessageGroupId'],
          }),
          { abortSignal },
        );
        if (Messages.length === 0) continue;
        Messages.forEach(take);
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      } catch (error) {
        if (!abortSignal.aborted) throw error;
      }
    }
  }

  #url(name: string): string {
    const url = this.#urls.find((candidate) => candidate.includes(name));
    if (!url) throw new Error(`No queue is named like ${name}; there are ${this.#urls.join(', ')}`);
    return url;
  }
}

function chatOf(body: string): string | undefined {
  return (JSON.parse(body) as { payload?: { chatId?: string } }).payload?.chatId;
}
