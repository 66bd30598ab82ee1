import { CreateTableCommand, DynamoDBClient, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  type NativeAttributeValue,
} from '@aws-sdk/lib-dynamodb';

type Row = Record<string, NativeAttributeValue>;
interface Keys {
  hash: string;
  range?: string;
  numeric?: string[];
  indexes?: Record<string, { hash: string; range?: string; keysOnly?: boolean }>;
}

/** The tables as the functions know them, by the environment variable that names each. */
const tables: Record<string, Keys> = {
  PERMISSIONS_TABLE: { hash: 'userId', range: 'chatId' },
  CONNECTIONS_TABLE: { hash: 'connectionId', indexes: { byUser: { hash: 'userId', range: 'connectedAt' } } },
  SUBSCRIPTIONS_TABLE: {
    hash: 'chatId',
    range: 'subscriber',
    indexes: { byConnection: { hash: 'connectionId', keysOnly: true } },
  },
  CHATS_TABLE: { hash: 'chatId' },
  MESSAGES_TABLE: {
    hash: 'chatId',
    range: 'messageId',
    numeric: ['sequence'],
    indexes: { bySequence: { hash: 'chatId', range: 'sequence' } },
  },
  DEAD_LETTERS_TABLE: {
    hash: 'queue',
    range: 'arrival',
    indexes: { waiting: { hash: 'waitingIn', range: 'arrival', keysOnly: true } },
  },
  REDRIVES_TABLE: { hash: 'redriveId', indexes: { byTime: { hash: 'kind', range: 'startedAt' } } },
  MULTI_PART_TABLE: {
    hash: 'group',
    range: 'item',
    numeric: ['deadline'],
    indexes: { openGroups: { hash: 'openShard', range: 'deadline' } },
  },
  RATE_LIMITS_TABLE: { hash: 'subject', range: 'window', numeric: ['window'] },
};

let client: DynamoDBDocumentClient;

/** Creates the tables in the engine at `endpoint` and names them in the environment. */
export async function createTables(endpoint: string): Promise<void> {
  client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'unit', secretAccessKey: 'unit' },
    }),
  );
  await Promise.all(
    Object.entries(tables).map(async ([variable, keys]) => {
      process.env[variable] = variable.toLowerCase();
      await client.send(new CreateTableCommand(definition(variable.toLowerCase(), keys)));
    }),
  );
}

function definition(name: string, { hash, range, numeric = [], indexes = {} }: Keys): CreateTableCommandInput {
  const attributes = new Set([hash, range, ...Object.values(indexes).flatMap((index) => [index.hash, index.range])]);
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keySchema(hash, range),
    AttributeDefinitions: [...attributes]
      .filter((attribute) => attribute !== undefined)
      .map((attribute) => ({ AttributeName: attribute, AttributeType: numeric.includes(attribute) ? 'N' : 'S' })),
    ...(Object.keys(indexes).length > 0 && {
      GlobalSecondaryIndexes: Object.entries(indexes).map(([indexName, index]) => ({
        IndexName: indexName,
        KeySchema: keySchema(index.hash, index.range),
        Projection: { ProjectionType: index.keysOnly ? ('KEYS_ONLY' as const) : ('ALL' as const) },
      })),
    }),
  };
}

function keySchema(hash: string, range: string | undefined): CreateTableCommandInput['KeySchema'] {
  return [
    { AttributeName: hash, KeyType: 'HASH' },
    ...(range ? [{ AttributeName: range, KeyType: 'RANGE' as const }] : []),
  ];
}

/** The key of an item, in DynamoDB's JSON. */
export function keyOf(tableName: string, item: Record<string, unknown> = {}): object {
  const { hash, range } = tables[tableName.toUpperCase()] ?? { hash: '' };
  return { [hash]: item[hash], ...(range !== undefined && { [range]: item[range] }) };
}

/** A table by its variable, for arranging rows and looking at them past the functions. */
export function table(variable: keyof typeof tables) {
  const name = { TableName: variable.toLowerCase() };
  return {
    async put(...rows: Row[]): Promise<void> {
      for (const Item of rows) await client.send(new PutCommand({ ...name, Item }));
    },
    async delete(key: Row): Promise<void> {
      await client.send(new DeleteCommand({ ...name, Key: key }));
    },
    async get(key: Row): Promise<Row | undefined> {
      return (await client.send(new GetCommand({ ...name, Key: key, ConsistentRead: true }))).Item;
    },
    async all(): Promise<Row[]> {
      return (await client.send(new ScanCommand({ ...name, ConsistentRead: true }))).Items ?? [];
    },
    async of(hashValue: string): Promise<Row[]> {
      const { Items } = await client.send(
        new QueryCommand({
          ...name,
          KeyConditionExpression: '#hash = :hash',
          ExpressionAttributeNames: { '#hash': tables[variable]?.hash ?? '' },
          ExpressionAttributeValues: { ':hash': hashValue },
          ConsistentRead: true,
        }),
      );
      return Items ?? [];
    },
  };
}
