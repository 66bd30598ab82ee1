import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListTopicsCommand, PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, paginateQuery, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { ulid } from 'ulid';
import { outsideCredentials } from '../../local/edge/credentials.ts';
import type { Outputs } from './outputs.ts';
import { personNamed } from './sign-in.ts';
import { until } from './until.ts';

export type Row = Record<string, unknown>;
export type Lane = 'Standard' | 'Fifo';

/** A message for a topic as this service's publishers would send it, or not quite. */
export type RawMessage = { body: string; groupId: string };

/**
 * What an operator with every right can do behind the service's back: look into tables, grant, and put anything on
 * a topic. Resources are found by their name in the template.
 */
export class Outside {
  readonly #outputs: Outputs;
  readonly #tables: DynamoDBDocumentClient;
  readonly #sns: SNSClient;
  readonly #sqs: SQSClient;

  constructor(outputs: Outputs) {
    if (!outputs.edge) throw new Error('These outputs have no edge: this test needs the embedded cloud');
    this.#outputs = outputs;
    const settings = { region: outputs.region, endpoint: outputs.edge.url, credentials: outsideCredentials };
    this.#tables = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
    this.#sns = new SNSClient(settings);
    this.#sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  }

  /** Gives people a role in a chat; `expiresAt` in epoch seconds. */
  async grant(chatId: string, usernames: string[], more: { role?: string; expiresAt?: number } = {}): Promise<void> {
    const TableName = await this.#table('Permissions');
    for (const username of usernames) {
      const { userId } = personNamed(this.#outputs, username);
      const row = { userId, chatId, role: 'member', grantedBy: 'test', grantedAt: new Date().toISOString(), ...more };
      await this.#tables.send(new PutCommand({ TableName, Item: row }));
    }
  }

  /** History of a chat: numbered messages by number, then the others as they were published. */
  async history(chatId: string): Promise<Row[]> {
    const rows: Row[] = [];
    const pages = paginateQuery(
      { client: this.#tables },
      {
        TableName: await this.#table('Messages'),
        KeyConditionExpression: 'chatId = :chatId',
        ExpressionAttributeValues: { ':chatId': chatId },
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) rows.push(...Items);
    return rows.sort((a, b) => Number(a['sequence'] ?? Infinity) - Number(b['sequence'] ?? Infinity));
  }

  /** Rows of a table that have these values. */
  async rows(table: 'Connections' | 'Subscriptions' | 'Redrives', wanted: Record<string, string>): Promise<Row[]> {
    const { Items = [] } = await this.#tables.send(
      new ScanCommand({ TableName: await this.#table(table), ConsistentRead: true }),
    );
    return Items.filter((row) => Object.entries(wanted).every(([name, value]) => row[name] === value));
  }

  /** The ids of a person's connections, oldest first. */
  async connectionsOf(username: string): Promise<string[]> {
    const { userId } = personNamed(this.#outputs, username);
    const rows = await this.rows('Connections', { userId });
    return rows
      .sort((a, b) => String(a['connectedAt']).localeCompare(String(b['connectedAt'])))
      .map((row) => String(row['connectionId']));
  }

  /** Puts up to ten messages on a topic in one call, so that they reach the queue together. */
  async publish(lane: Lane, messages: RawMessage[]): Promise<void> {
    const { Topics = [] } = await this.#sns.send(new ListTopicsCommand({}));
    const topic = Topics.find(({ TopicArn }) => TopicArn?.includes(`${lane}Topic`));
    const { Failed = [] } = await this.#sns.send(
      new PublishBatchCommand({
        TopicArn: topic?.TopicArn,
        PublishBatchRequestEntries: messages.map(({ body, groupId }, index) => ({
          Id: String(index),
          Message: body,
          MessageAttributes: { targetChannel: { DataType: 'String', StringValue: 'WebSocket' } },
          ...(lane === 'Fifo' && { MessageGroupId: groupId, MessageDeduplicationId: ulid() }),
        })),
      }),
    );
    if (Failed.length > 0) throw new Error(`SNS refused ${JSON.stringify(Failed)}`);
  }

  /** The letters of a lane that no redrive has redriven or discarded, oldest first, once all there are have been recorded. */
  async deadLetters(lane: Lane): Promise<{ body: string; attributes: Record<string, string> }[]> {
    await this.recorded(`Messaging${lane}DeadLetters`);
    const letters = await this.letters(lane === 'Fifo' ? 'fifo' : 'standard');
    return letters
      .filter(({ waitingIn, redriveId }) => waitingIn !== undefined || redriveId === undefined)
      .map(({ body, attributes, reason, stage }) => ({
        body: String(body),
        attributes: {
          ...Object.fromEntries(
            Object.entries(attributes as Record<string, { text?: string }>).map(([name, { text = '' }]) => [
              name,
              text,
            ]),
          ),
          reason: String(reason),
          ...(stage !== undefined && { stage: String(stage) }),
        },
      }));
  }

  /** Every letter of a queue, by operators' name of it, in order; the redriven and discarded ones, too. `from`: an arrival. */
  async letters(queue: string, from = '0'): Promise<Row[]> {
    const letters: Row[] = [];
    let after: Row | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#tables.send(
        new QueryCommand({
          TableName: await this.#table('DeadLetters'),
          KeyConditionExpression: 'queue = :queue AND arrival >= :from',
          ExpressionAttributeValues: { ':queue': queue, ':from': from },
          ConsistentRead: true,
          ExclusiveStartKey: after,
        }),
      );
      letters.push(...Items);
      after = LastEvaluatedKey;
    } while (after !== undefined);
    return letters;
  }

  /** Waits until the recorder has taken everything from a dead-letter queue, named as in the template. */
  async recorded(queue: string): Promise<void> {
    const { QueueUrls = [] } = await this.#sqs.send(new ListQueuesCommand({}));
    const QueueUrl = QueueUrls.find((url) => url.includes(queue));
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    await until(`the letters of ${queue} to be recorded`, async () => {
      const { Attributes = {} } = await this.#sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
      );
      return AttributeNames.every((name) => Attributes[name] === '0');
    });
  }

  close(): void {
    this.#tables.destroy();
    this.#sns.destroy();
    this.#sqs.destroy();
  }

  async #table(name: string): Promise<string> {
    const { TableNames = [] } = await this.#tables.send(new ListTablesCommand({}));
    const found = TableNames.find((table) => table.includes(`Tables${name}`));
    if (!found) throw new Error(`No table ${name} among ${TableNames.join(', ')}`);
    return found;
  }
}

/** The body a publisher puts on a topic, with a message id of its own unless given. */
export function envelopeOf(
  senderId: string,
  payload: { chatId: string; content: unknown },
  more: { messageId?: string; generateSequence?: true; messageGroupId?: string } = {},
): string {
  return JSON.stringify({
    version: 1,
    messageId: ulid(),
    senderId,
    publishTimestamp: new Date().toISOString(),
    targetChannel: 'WebSocket',
    messageType: 'fifo',
    ...more,
    payload: { eventType: 'chat', ...payload },
  });
}
