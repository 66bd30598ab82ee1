import { ulid } from 'ulid';
import type { Envelope } from '../../functions/domain/protocol/envelope.ts';
import { readEnvelope } from '../../functions/domain/protocol/envelope.ts';
import { handler } from '../../functions/message-processor/handler.ts';
import type { RunOptions } from '../setup/run-definition.ts';
import type { Aws } from '../unit/support/aws.ts';
import { envelope, lambdaContext, sqsEvent, sqsRecord } from '../unit/support/events.ts';
import { table } from '../unit/support/tables.ts';

export type Row = Record<string, unknown>;

export const topics = {
  StandardTopicArn: 'arn:aws:sns:us-east-1:000000000000:standard',
  FifoTopicArn: 'arn:aws:sns:us-east-1:000000000000:fifo.fifo',
};

/** What the processor needs to know of its environment. */
export function setProcessorEnvironment(): void {
  const queues = 'https://sqs.us-east-1.amazonaws.com/000000000000';
  Object.assign(process.env, {
    STANDARD_DEAD_LETTER_QUEUE_URL: `${queues}/standard-dead`,
    FIFO_DEAD_LETTER_QUEUE_URL: `${queues}/fifo-dead.fifo`,
    DELIVERY_RETRY_QUEUE_URL: `${queues}/retries`,
    MULTI_PART_COMPLETION_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:multipart-completion',
  });
}

let groups = 0;

/** One group of parts, whose parts go through the processor into a real table. */
export class Group {
  readonly chatId: string;
  readonly groupId: string;
  readonly totalParts: number;
  readonly senderId = 'ada';
  /** The ids of the parts sent, by part number. */
  readonly messageIds = new Map<number, string>();
  readonly #said: Partial<Omit<Envelope, 'payload'>>;

  constructor(totalParts: number, said: Partial<Omit<Envelope, 'payload'>> & { groupId?: string } = {}) {
    groups += 1;
    const { groupId = 'file', ...rest } = said;
    this.chatId = `chat-${groups}`;
    this.groupId = groupId;
    this.totalParts = totalParts;
    this.#said = rest;
  }

  get input(): { chatId: string; groupId: string } {
    return { chatId: this.chatId, groupId: this.groupId };
  }

  /** Commits these parts, ten at a time. */
  async send(...partNumbers: number[]): Promise<void> {
    for (let start = 0; start < partNumbers.length; start += 10) {
      const bodies = partNumbers.slice(start, start + 10).map((partNumber) => this.#part(partNumber));
      const fifo = this.#said.messageType !== 'standard';
      const { batchItemFailures } = await handler(
        sqsEvent(...bodies.map((body) => sqsRecord({ body, fifo }))),
        lambdaContext(),
      );
      if (batchItemFailures.length > 0) throw new Error(`The processor returned ${batchItemFailures.length} parts`);
    }
  }

  /** All parts, in some order. */
  async sendAll(): Promise<void> {
    await this.send(...Array.from({ length: this.totalParts }, (_, index) => this.totalParts - index));
  }

  async row(): Promise<Row | undefined> {
    return table('MULTI_PART_TABLE').get({ group: `${this.chatId}#${this.groupId}`, item: 'group' });
  }

  /** Changes its row past everybody. */
  async set(attributes: Row): Promise<void> {
    await table('MULTI_PART_TABLE').put({ ...(await this.row()), ...attributes });
  }

  async overdue(): Promise<void> {
    await this.set({ deadline: Date.now() - 1 });
  }

  async delete(): Promise<void> {
    await table('MULTI_PART_TABLE').delete({ group: `${this.chatId}#${this.groupId}`, item: 'group' });
  }

  /** The ids of the parts in part order. */
  get idsInOrder(): string[] {
    return [...this.messageIds].sort(([a], [b]) => a - b).map(([, messageId]) => messageId);
  }

  #part(partNumber: number): Envelope {
    const messageId = ulid();
    this.messageIds.set(partNumber, messageId);
    const { chatId, groupId, totalParts, senderId } = this;
    const multiPartMetadata = { groupId, totalParts, partNumber };
    return envelope({
      senderId,
      messageId,
      ...this.#said,
      payload: { chatId, content: partNumber, multiPartMetadata },
    });
  }
}

/** A publish of an announcement, as SNS got it. */
export interface Announcement {
  envelope: Envelope;
  text: string;
  topic: string;
  messageGroupId: string | undefined;
  deduplicationId: string | undefined;
  targetChannel: string | undefined;
}

/** What was announced, oldest first; what is no envelope to the processor fails here. */
export function announcements(aws: Aws): Announcement[] {
  return aws.inputs<Record<string, string>>('Publish').map((input) => ({
    envelope: readEnvelope(input['Message'] ?? ''),
    text: input['Message'] ?? '',
    topic: input['TopicArn'] ?? '',
    messageGroupId: input['MessageGroupId'],
    deduplicationId: input['MessageDeduplicationId'],
    targetChannel: input['MessageAttributes.entry.1.Value.StringValue'],
  }));
}

let executions = 0;

/** The workflow's calls go to this AWS, and each execution has a name of its own. */
export function callsTo(aws: Aws): { perform: RunOptions['perform']; name: string } {
  executions += 1;
  const credentials = { accessKeyId: 'workflow', secretAccessKey: 'workflow' };
  return { perform: { endpoint: aws.url, region: 'us-east-1', credentials }, name: `execution-${executions}` };
}
