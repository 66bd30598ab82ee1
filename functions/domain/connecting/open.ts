import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { deleteRows } from '../../platform/delete-rows.ts';
import { dynamodb } from '../../platform/dynamodb.ts';
import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { readTogether, type RowKey } from '../../platform/read-together.ts';
import type { ConnectionRow, FrameMode, PermissionRow, SubscriptionRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import { isLive, isOwnChannel } from '../permission.ts';
import { Forbidden, ServiceError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { subscriberKey } from './subscriber.ts';

/** A connection that the authorizer let through, on its way to being open. */
export interface Opening {
  connectionId: string;
  userId: string;
  /** Epoch seconds. */
  tokenExpiresAt: number;
  /** Without the user's own channel, which every connection listens to. */
  chatIds: readonly string[];
  frames: FrameMode;
}

/** 429: the user has as many connections as one may have; one of them must be closed first. */
export class TooManyConnections extends ServiceError {
  override readonly name = 'TooManyConnections';

  constructor() {
    super(429, `Too many connections: a user may have ${limits.connectionsPerUser}.`);
  }
}

/**
 * Opens a connection: one transaction writes its row and its subscriptions, and only then are the permissions read
 * again. A permission revoked before that read is seen by it; one revoked after finds the rows and ends them. When
 * anything fails, no row stays behind.
 *
 * @throws TooManyConnections; Forbidden when a permission is gone; AWS errors as they are.
 */
export async function openConnection(opening: Opening, now = Date.now()): Promise<void> {
  if ((await countConnections(opening.userId, now)) >= limits.connectionsPerUser) throw new TooManyConnections();
  const { connection, subscriptions } = rowsOf(opening, now);
  try {
    await writeRows(connection, subscriptions);
    await applyPermissions(opening, subscriptions, now);
  } catch (error) {
    await leaveNothing(connection, subscriptions);
    throw error;
  }
}

/** Rows older than a connection can be are leftovers of a lost `$disconnect`; the index sorts by connection time. */
async function countConnections(userId: string, now: number): Promise<number> {
  const { Count = 0 } = await dynamodb.send(
    new QueryCommand({
      TableName: environment.connectionsTable,
      IndexName: 'byUser',
      KeyConditionExpression: 'userId = :userId AND connectedAt > :oldest',
      ExpressionAttributeValues: {
        ':userId': userId,
        ':oldest': new Date(now - environment.connectionTtlSeconds * 1000).toISOString(),
      },
      Select: 'COUNT',
    }),
  );
  return Count;
}

function rowsOf(opening: Opening, now: number): { connection: ConnectionRow; subscriptions: SubscriptionRow[] } {
  const { connectionId, userId, tokenExpiresAt, chatIds, frames } = opening;
  const shared = {
    connectionId,
    userId,
    frames,
    connectedAt: new Date(now).toISOString(),
    expiresAt: toSeconds(now) + environment.connectionTtlSeconds,
  };
  const subscriber = subscriberKey(userId, connectionId);
  return {
    connection: { ...shared, tokenExpiresAt },
    subscriptions: [...new Set([userId, ...chatIds])].map((chatId) => ({
      ...shared,
      chatId,
      subscriber,
      accessExpiresAt: tokenExpiresAt,
    })),
  };
}

async function writeRows(connection: ConnectionRow, subscriptions: SubscriptionRow[]): Promise<void> {
  await dynamodb.send(
    new TransactWriteCommand({
      TransactItems: [
        { Put: { TableName: environment.connectionsTable, Item: connection } },
        ...subscriptions.map((row) => ({ Put: { TableName: environment.subscriptionsTable, Item: row } })),
      ],
    }),
  );
}

async function applyPermissions(opening: Opening, rows: SubscriptionRow[], now: number): Promise<void> {
  const { userId, tokenExpiresAt } = opening;
  const others = rows.filter(({ chatId }) => !isOwnChannel(userId, chatId));
  const permissions = (await readTogether(
    others.map(({ chatId }) => ({ table: environment.permissionsTable, key: { userId, chatId } })),
  )) as (PermissionRow | undefined)[];
  const expiries = permissions.map((permission) => {
    if (!isLive(permission, toSeconds(now))) throw new Forbidden('You do not have permission to join this chat.');
    return permission.expiresAt ?? Infinity;
  });
  await Promise.all(
    others.map(async (row, index) => {
      const expiresAt = expiries[index] ?? Infinity;
      if (expiresAt < tokenExpiresAt) await endAccessAt(row, expiresAt);
    }),
  );
}

/** Only while the row says what we wrote: whoever changed it since knows a later state of the permission. */
async function endAccessAt({ chatId, subscriber, accessExpiresAt }: SubscriptionRow, expiresAt: number): Promise<void> {
  try {
    await dynamodb.send(
      new UpdateCommand({
        TableName: environment.subscriptionsTable,
        Key: { chatId, subscriber },
        UpdateExpression: 'SET accessExpiresAt = :expiresAt',
        ConditionExpression: 'accessExpiresAt = :written',
        ExpressionAttributeValues: { ':expiresAt': expiresAt, ':written': accessExpiresAt },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/** The write may have happened even when we never heard so. Should this fail, too, API Gateway answers 410 for the
 * connection that never opened, and the rows go then. */
async function leaveNothing({ connectionId }: ConnectionRow, subscriptions: SubscriptionRow[]): Promise<void> {
  const keys: RowKey[] = [
    ...subscriptions.map(({ chatId, subscriber }) => ({
      table: environment.subscriptionsTable,
      key: { chatId, subscriber },
    })),
    { table: environment.connectionsTable, key: { connectionId } },
  ];
  try {
    await deleteRows(keys);
  } catch (error) {
    logger.error('Rows of a refused connection stay behind', { connectionId, cause: errorSummary(error) });
  }
}
