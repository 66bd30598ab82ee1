import { GetQueueAttributesCommand, ListQueuesCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ulid } from 'ulid';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import type { Outputs } from '../../setup/outputs.ts';

const counted = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** The stack's queues by their names in the template, from behind its back. */
export class WorkQueues {
  readonly #sqs: SQSClient;
  #urls: string[] | undefined;

  constructor({ edge, region }: Outputs) {
    if (!edge) throw new Error('These outputs have no edge: this test needs the embedded cloud');
    const settings = { region, endpoint: edge.url, credentials: outsideCredentials };
    this.#sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  }

  /** Puts up to ten messages on a queue in one call; with a group on a FIFO queue. */
  async put(name: string, bodies: readonly string[], groupId?: string): Promise<void> {
    const { Failed = [] } = await this.#sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: await this.#url(name),
        Entries: bodies.map((MessageBody, index) => ({
          Id: String(index),
          MessageBody,
          ...(groupId !== undefined && { MessageGroupId: groupId, MessageDeduplicationId: ulid() }),
        })),
      }),
    );
    if (Failed.length > 0) throw new Error(`SQS refused ${JSON.stringify(Failed)}`);
  }

  /** How many messages a queue holds, whether they wait, are put off or are out of sight. */
  async held(name: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: await this.#url(name), AttributeNames: [...counted] }),
    );
    return counted.reduce((sum, attribute) => sum + Number(Attributes[attribute]), 0);
  }

  /** The queues that hold anything. */
  async left(): Promise<string[]> {
    const urls = await this.#all();
    const names = urls.map((url) => url.split('/').at(-1) ?? '').filter((name) => !name.startsWith('tap-'));
    const held = await Promise.all(names.map((name) => this.held(name)));
    return names.flatMap((name, index) => (held[index] ? [`${held[index]} messages are in ${name}`] : []));
  }

  close(): void {
    this.#sqs.destroy();
  }

  async #url(name: string): Promise<string> {
    const found = (await this.#all()).find((url) => url.includes(name));
    if (!found) throw new Error(`No queue is named like ${name}`);
    return found;
  }

  async #all(): Promise<string[]> {
    const { QueueUrls = [] } = this.#urls ? { QueueUrls: this.#urls } : await this.#sqs.send(new ListQueuesCommand({}));
    return (this.#urls = QueueUrls);
  }
}
