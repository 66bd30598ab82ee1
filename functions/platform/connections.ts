import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import { queryAll, queryPages } from './query-all.ts';
import type { RowKey } from './read-together.ts';
import type { ConnectionRow, SubscriptionRow } from './rows.ts';

type SubscriptionKey = Pick<SubscriptionRow, 'chatId' | 'subscriber'>;

/** How many connections of a user opened after `since` (ISO 8601), by an index that lags a little. */
export async function countConnections(userId: string, since: string): Promise<number> {
  const { Count = 0 } = await dynamodb.send(
    new QueryCommand({
      TableName: environment.connectionsTable,
      IndexName: 'byUser',
      KeyConditionExpression: 'userId = :userId AND connectedAt > :since',
      ExpressionAttributeValues: { ':userId': userId, ':since': since },
      Select: 'COUNT',
    }),
  );
  return Count;
}

/**
 * How many of a user's connections, opened after `since` (ISO 8601), are older than this one, by the same index; of two that
 * opened in the same millisecond the one whose id comes first is older.
 *
 * @param most counted; there may be more.
 */
export async function countOlderConnections(
  { userId, connectionId, connectedAt }: ConnectionRow,
  since: string,
  most: number,
): Promise<number> {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: environment.connectionsTable,
      IndexName: 'byUser',
      KeyConditionExpression: 'userId = :userId AND connectedAt BETWEEN :since AND :connectedAt',
      ExpressionAttributeValues: { ':userId': userId, ':since': since, ':connectedAt': connectedAt },
      ProjectionExpression: 'connectionId, connectedAt',
      Limit: most + 1,
    }),
  );
  return (Items as Pick<ConnectionRow, 'connectionId' | 'connectedAt'>[]).filter(
    (other) =>
      other.connectedAt < connectedAt || (other.connectedAt === connectedAt && other.connectionId < connectionId),
  ).length;
}

/** Writes a connection and its first subscriptions (at most 99), all or none of them. */
export async function writeConnection(
  connection: ConnectionRow,
  subscriptions: readonly SubscriptionRow[],
): Promise<void> {
  await dynamodb.send(
    new TransactWriteCommand({
      TransactItems: [
        { Put: { TableName: environment.connectionsTable, Item: connection } },
        ...subscriptions.map((row) => ({ Put: { TableName: environment.subscriptionsTable, Item: row } })),
      ],
    }),
  );
}

/**
 * Lets a subscription's access end at another time, but only while the row still says what `row` says: whoever changed it
 * since knows a later state of the permission.
 */
export async function changeAccessEnd(
  row: SubscriptionKey & Pick<SubscriptionRow, 'accessExpiresAt'>,
  accessExpiresAt: number,
): Promise<void> {
  const { chatId, subscriber } = row;
  try {
    await dynamodb.send(
      new UpdateCommand({
        TableName: environment.subscriptionsTable,
        Key: { chatId, subscriber },
        UpdateExpression: 'SET accessExpiresAt = :new',
        ConditionExpression: 'accessExpiresAt = :old',
        ExpressionAttributeValues: { ':new': accessExpiresAt, ':old': row.accessExpiresAt },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/**
 * Lets a connection live on to the end of another token, never shorter: renewals may overtake each other.
 *
 * @returns the end that now holds, in epoch seconds; `undefined` when the user has no such connection.
 */
export async function extendConnection(
  { connectionId, userId }: Pick<ConnectionRow, 'connectionId' | 'userId'>,
  tokenExpiresAt: number,
): Promise<number | undefined> {
  try {
    await dynamodb.send(
      new UpdateCommand({
        TableName: environment.connectionsTable,
        Key: { connectionId },
        UpdateExpression: 'SET tokenExpiresAt = :new',
        ConditionExpression: 'userId = :userId AND tokenExpiresAt < :new',
        ExpressionAttributeValues: { ':userId': userId, ':new': tokenExpiresAt },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return tokenExpiresAt;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    const held = error.Item;
    return held?.['userId']?.S === userId ? Number(held['tokenExpiresAt']?.N) : undefined;
  }
}

/** One subscription, read strongly. */
export async function readSubscription({ chatId, subscriber }: SubscriptionKey): Promise<SubscriptionRow | undefined> {
  const { Item } = await dynamodb.send(
    new GetCommand({ TableName: environment.subscriptionsTable, Key: { chatId, subscriber }, ConsistentRead: true }),
  );
  return Item as SubscriptionRow | undefined;
}

/** What delivery needs to know of a subscription. */
export type ListeningRow = Pick<
  SubscriptionRow,
  'subscriber' | 'connectionId' | 'frames' | 'connectedAt' | 'accessExpiresAt'
>;

const listening = {
  ProjectionExpression: 'subscriber, connectionId, frames, connectedAt, accessExpiresAt',
  ConsistentRead: true,
};

/**
 * Every subscription to a chat, read strongly, page by page; those whose access has ended are among them.
 *
 * @param most rows on a page, so that whoever sees enough in one need not read on.
 */
export function subscriptionPages(chatId: string, most: number): AsyncGenerator<ListeningRow[]> {
  return queryPages<ListeningRow>({
    TableName: environment.subscriptionsTable,
    KeyConditionExpression: 'chatId = :chatId',
    ExpressionAttributeValues: { ':chatId': chatId },
    Limit: most,
    ...listening,
  });
}

/** The subscriptions to a chat whose keys lie in a range, read strongly. */
export async function readSubscriptionsBetween(
  chatId: string,
  { from, to }: { from: string; to: string },
): Promise<ListeningRow[]> {
  return queryAll<ListeningRow>({
    TableName: environment.subscriptionsTable,
    KeyConditionExpression: 'chatId = :chatId AND subscriber BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':chatId': chatId, ':from': from, ':to': to },
    ...listening,
  });
}

/** Puts a row among a chat's subscriptions that is none: it only says that the chat is large, since when (ISO 8601). */
export async function markLarge(chatId: string, marker: string, since: string): Promise<void> {
  const row = { chatId, subscriber: marker, since };
  await dynamodb.send(new PutCommand({ TableName: environment.subscriptionsTable, Item: row }));
}

/** What a connection subscribes to, by an index that lags a little. */
export async function findSubscriptions(connectionId: string): Promise<SubscriptionKey[]> {
  return queryAll<SubscriptionKey>({
    TableName: environment.subscriptionsTable,
    IndexName: 'byConnection',
    KeyConditionExpression: 'connectionId = :connectionId',
    ExpressionAttributeValues: { ':connectionId': connectionId },
    ProjectionExpression: 'chatId, subscriber',
  });
}

/** The keys of a connection's row and of some of its subscriptions. */
export function rowKeysOf(connectionId: string, subscriptions: readonly SubscriptionKey[]): RowKey[] {
  return [
    ...subscriptions.map(({ chatId, subscriber }) => ({
      table: environment.subscriptionsTable,
      key: { chatId, subscriber },
    })),
    { table: environment.connectionsTable, key: { connectionId } },
  ];
}
