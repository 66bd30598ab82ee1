import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  type NativeAttributeValue,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { outsideCredentials } from '../../local/edge/credentials.ts';
import type { Outputs } from './outputs.ts';

type Row = Record<string, NativeAttributeValue>;

/** The service's tables, past the service: for arranging what a test needs and for looking at what came of it. */
export class Tables {
  readonly #client: DynamoDBDocumentClient;
  readonly #names: string[];

  private constructor(client: DynamoDBDocumentClient, names: string[]) {
    this.#client = client;
    this.#names = names;
  }

  /** @throws Error for a deployed stack, whose tables are not the tests' to change */
  static async of({ edge, region }: Outputs): Promise<Tables> {
    if (!edge) throw new Error('These outputs have no edge: this test needs the embedded cloud');
    const client = new DynamoDBClient({ region, endpoint: edge.url, credentials: outsideCredentials });
    const { TableNames = [] } = await client.send(new ListTablesCommand({}));
    return new Tables(DynamoDBDocumentClient.from(client), TableNames);
  }

  async put(table: string, ...rows: Row[]): Promise<void> {
    for (const Item of rows) await this.#client.send(new PutCommand({ TableName: this.#nameOf(table), Item }));
  }

  /** Writes many rows, in batches, in no particular order. */
  async fill(table: string, rows: Row[]): Promise<void> {
    const requests = rows.map((Item) => ({ PutRequest: { Item } }));
    while (requests.length > 0) {
      const name = this.#nameOf(table);
      const batch = requests.splice(0, 25);
      const { UnprocessedItems } = await this.#client.send(new BatchWriteCommand({ RequestItems: { [name]: batch } }));
      if (UnprocessedItems?.[name]?.length) throw new Error(`${name} did not take all of ${batch.length} rows`);
    }
  }

  /** Sets these attributes of one row. */
  async set(table: string, key: Row, attributes: Row): Promise<void> {
    const names = Object.keys(attributes);
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#nameOf(table),
        Key: key,
        UpdateExpression: `SET ${names.map((_name, index) => `#${index} = :${index}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name, index) => [`#${index}`, name])),
        ExpressionAttributeValues: Object.fromEntries(
          Object.values(attributes).map((value, index) => [`:${index}`, value]),
        ),
      }),
    );
  }

  /** Removes a partition's rows, whose sort key is `range`. */
  async remove(table: string, hash: string, value: string, range: string): Promise<void> {
    for (const row of await this.rows(table, hash, value)) {
      const Key = { [hash]: value, [range]: row[range] };
      await this.#client.send(new DeleteCommand({ TableName: this.#nameOf(table), Key }));
    }
  }

  /** Removes one row. */
  async drop(table: string, key: Row): Promise<void> {
    await this.#client.send(new DeleteCommand({ TableName: this.#nameOf(table), Key: key }));
  }

  /** The rows of one partition, or of one partition of an index. */
  async rows(table: string, hash: string, value: string, index?: string): Promise<Row[]> {
    const { Items = [] } = await this.#client.send(
      new QueryCommand({
        TableName: this.#nameOf(table),
        ...(index ? { IndexName: index } : { ConsistentRead: true }),
        KeyConditionExpression: '#hash = :value',
        ExpressionAttributeNames: { '#hash': hash },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
    return Items;
  }

  close(): void {
    this.#client.destroy();
  }

  /** CloudFormation chooses the physical names; they hold the logical ones. */
  #nameOf(table: string): string {
    const name = this.#names.find((candidate) => candidate.includes(table));
    if (!name) throw new Error(`No table is named like ${table}; there are ${this.#names.join(', ')}`);
    return name;
  }
}
