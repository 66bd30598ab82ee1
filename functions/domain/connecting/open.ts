import {
  changeAccessEnd,
  countConnections,
  countOlderConnections,
  rowKeysOf,
  writeConnection,
} from '../../platform/connections.ts';
import { deleteRows } from '../../platform/delete-rows.ts';
import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { readTogether } from '../../platform/read-together.ts';
import type { ConnectionRow, FrameMode, PermissionRow, SubscriptionRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import { isLive, isOwnChannel } from '../permission.ts';
import { Forbidden, ServiceError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { spendSubscriptions } from '../subscribing/allowance.ts';
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
 * again. A permission revoked before that read is seen by it; one revoked after finds the rows and ends them. The user's
 * connections are counted again by then, too. When anything fails, no row stays behind.
 *
 * @throws TooManyConnections; TooManyRequests; Forbidden when a permission is gone; AWS errors as they are.
 */
export async function openConnection(opening: Opening, now = Date.now()): Promise<void> {
  const { connection, subscriptions } = rowsOf(opening, now);
  await Promise.all([requirePlace(opening.userId, now), spendSubscriptions(opening.userId, subscriptions.length, now)]);
  try {
    await writeConnection(connection, subscriptions);
    await Promise.all([applyPermissions(opening, subscriptions, now), requirePlaceStill(connection, now)]);
  } catch (error) {
    await leaveNothing(connection, subscriptions);
    throw error;
  }
}

async function requirePlace(userId: string, now: number): Promise<void> {
  if ((await countConnections(userId, oldestAt(now))) >= limits.connectionsPerUser) throw new TooManyConnections();
}

/** Connections that open at once do not see each other before: each looks again once it is there, and the newest go. */
async function requirePlaceStill(connection: ConnectionRow, now: number): Promise<void> {
  const most = limits.connectionsPerUser;
  if ((await countOlderConnections(connection, oldestAt(now), most)) >= most) throw new TooManyConnections();
}

/** Rows older than a connection can be are leftovers of a lost `$disconnect`. */
function oldestAt(now: number): string {
  return new Date(now - environment.connectionTtlSeconds * 1000).toISOString();
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
      if (expiresAt < tokenExpiresAt) await changeAccessEnd(row, expiresAt);
    }),
  );
}

/**
 * The write may have happened even when we never heard so. Should this fail, too, API Gateway answers 410 for the
 * connection that never opened, and the rows go then.
 */
async function leaveNothing({ connectionId }: ConnectionRow, subscriptions: SubscriptionRow[]): Promise<void> {
  try {
    await deleteRows(rowKeysOf(connectionId, subscriptions));
  } catch (error) {
    logger.error('Rows of a refused connection stay behind', { connectionId, cause: errorSummary(error) });
  }
}
