import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Stack } from '../../local/template/stack.ts';

const rowsPerCall = 25;

/** The rows a bench needs before it begins, and looks at in the end, past the edge and its counts. */
export class StandTables {
  readonly #client: DynamoDBDocumentClient;
  readonly #names: string[];

  constructor(engineUrl: string, stack: Stack) {
    const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
    const client = new DynamoDBClient({ endpoint: engineUrl, region: stack.where.region, credentials });
    this.#client = DynamoDBDocumentClient.from(client);
    this.#names = stack.ofType('AWS::DynamoDB::Table').map(({ ref }) => ref);
  }

  async subscribe({
    chatId,
    connections,
    frames,
  }: {
    chatId: string;
    connections: number;
    frames: string;
  }): Promise<void> {
    const rows = Array.from({ length: connections }, (_, index) => ({
      chatId,
      subscriber: `${(index % 256).toString(16).padStart(2, '0')}#user-${index}#${chatId}-${index}`,
      connectionId: `${chatId}-${index}`,
      frames,
      connectedAt: '2026-01-01T00:00:00.000Z',
      accessExpiresAt: Math.floor(Date.now() / 1000) + 7200,
      expiresAt: Math.floor(Date.now() / 1000) + 7200,
    }));
    const table = this.#table('Subscriptions');
    for (let start = 0; start < rows.length; start += rowsPerCall) {
      const requests = rows.slice(start, start + rowsPerCall).map((Item) => ({ PutRequest: { Item } }));
      await this.#client.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
    }
  }

  async permit({ chatId, userId }: { chatId: string; userId: string }): Promise<void> {
    const Item = { userId, chatId, role: 'member', grantedBy: 'bench', grantedAt: '2026-01-01T00:00:00.000Z' };
    await this.#client.send(new PutCommand({ TableName: this.#table('Permissions'), Item }));
  }

  async numbers(chatId: string): Promise<number[]> {
    const numbers: number[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#table('Messages'),
          KeyConditionExpression: 'chatId = :chatId',
          ExpressionAttributeValues: { ':chatId': chatId },
          ConsistentRead: true,
          ExclusiveStartKey: from,
        }),
      );
      numbers.push(...(page.Items ?? []).map(({ sequence }) => Number(sequence)));
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return numbers;
  }

  close(): void {
    this.#client.destroy();
  }

  /** CloudFormation chooses the physical names; they hold the logical ones. */
  #table(name: string): string {
    const found = this.#names.find((candidate) => candidate.includes(`Tables${name}`));
    if (!found) throw new Error(`The template has no table ${name}; it has ${this.#names.join(', ')}.`);
    return found;
  }
}
