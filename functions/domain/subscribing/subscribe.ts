import { changeAccessEnd, findSubscriptions, putSubscriptions } from '../../platform/connections.ts';
import { deleteRows } from '../../platform/delete-rows.ts';
import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import type { RowKey } from '../../platform/read-together.ts';
import type { ConnectionRow, SubscriptionRow } from '../../platform/rows.ts';
import { subscriberKey } from '../connecting/subscriber.ts';
import { readFirstSequence } from '../history/first-sequence.ts';
import { chatIdRule, isChatId } from '../protocol/chat-id.ts';
import { ConnectionGone, Forbidden, InvalidRequest } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { invalid } from '../protocol/parse.ts';
import type { Subscribed } from '../protocol/server-frames.ts';
import { requireLiveToken } from '../token.ts';
import { Standing, type Listener } from './standing.ts';

/**
 * Lets a connection listen to chats. The order of things is what keeps strangers out and messages in:
 *
 * 1. the permission is read: a stranger's row is never written;
 * 2. the row is written;
 * 3. the permission is read again, strongly: one taken away before this is seen here, one taken away later finds the row;
 * 4. with it the head is read: a message numbered above it is committed later, and whoever commits it then reads the row.
 *
 * So what comes after the head comes live, and what is missing up to it is the client's to replay. A token renewed in the
 * meantime is seen in step 3, too; so is a connection that has closed, and then nothing stays behind.
 *
 * @throws Unauthorized when the token has ended; ConnectionGone; AWS errors as they are, and then no row stays either.
 */
export async function subscribe(listener: Listener, chatIds: readonly string[], now = Date.now()): Promise<Subscribed> {
  const { connectionId } = listener;
  const asked = [...new Set(chatIds)];
  const named = asked.filter(isChatId);
  const [standing, held] = await Promise.all([Standing.read(listener, named), findSubscriptions(connectionId)]);
  requireLiveToken(listener, standing.connection, now);
  const connection = requireConnection(standing);

  const refused = new Map<string, Error>();
  for (const chatId of asked) if (!isChatId(chatId)) refused.set(chatId, invalidChatId(chatId));
  const subscribed = new Set(held.map(({ chatId }) => chatId));
  const rows: SubscriptionRow[] = [];
  for (const chatId of named) {
    const accessExpiresAt = standing.accessEnd(chatId, now);
    if (accessExpiresAt === undefined) refused.set(chatId, new Forbidden(mayNotJoin));
    else if (!subscribed.has(chatId) && subscribed.size >= limits.subscriptionsPerConnection)
      refused.set(chatId, new Error(tooMany));
    else {
      subscribed.add(chatId);
      rows.push(rowOf(connection, chatId, accessExpiresAt));
    }
  }

  const { settled, revoked } = await write(listener, rows, now);
  for (const chatId of revoked) refused.set(chatId, new Forbidden(mayNotJoin));
  return {
    type: 'subscribed',
    chats: await Promise.all(
      settled.map(async ({ chatId, headSequence }) => ({
        chatId,
        headSequence,
        firstSequence: await readFirstSequence(chatId, headSequence, now),
      })),
    ),
    refused: asked.flatMap((chatId) => {
      const error = refused.get(chatId);
      return error === undefined ? [] : [{ chatId, error: error.message }];
    }),
  };
}

const mayNotJoin = 'You do not have permission to join this chat.';
const tooMany = `Too many subscriptions: a connection may have ${limits.subscriptionsPerConnection}.`;

function invalidChatId(chatId: string): Error {
  return new InvalidRequest(invalid('chatId', chatIdRule)({ input: chatId }));
}

function requireConnection({ connection }: Standing): ConnectionRow {
  if (connection === undefined) throw new ConnectionGone();
  return connection;
}

/** A socket lives two hours at most, however often its token is renewed: its rows go when the connection's own does. */
function rowOf(connection: ConnectionRow, chatId: string, accessExpiresAt: number): SubscriptionRow {
  const { connectionId, userId, frames, connectedAt, expiresAt } = connection;
  const subscriber = subscriberKey(userId, connectionId);
  return { connectionId, userId, frames, connectedAt, expiresAt, chatId, subscriber, accessExpiresAt };
}

interface Written {
  settled: { chatId: string; headSequence: number }[];
  /** Chats whose permission was taken away while the row was being written. */
  revoked: string[];
}

async function write(listener: Listener, rows: readonly SubscriptionRow[], now: number): Promise<Written> {
  if (rows.length === 0) return { settled: [], revoked: [] };
  try {
    await putSubscriptions(rows);
    return await settle(listener, rows, now);
  } catch (error) {
    await leaveNothing(listener, rows);
    throw error;
  }
}

async function settle(listener: Listener, rows: readonly SubscriptionRow[], now: number): Promise<Written> {
  const chatIds = rows.map(({ chatId }) => chatId);
  const standing = await Standing.read(listener, chatIds, { heads: true });
  requireConnection(standing);
  const lost: SubscriptionRow[] = [];
  const changed: Promise<void>[] = [];
  for (const row of rows) {
    const end = standing.accessEnd(row.chatId, now);
    if (end === undefined) lost.push(row);
    else if (end !== row.accessExpiresAt) changed.push(changeAccessEnd(row, end));
  }
  await Promise.all([...changed, deleteRows(lost.map(keyOf))]);
  return {
    settled: rows
      .filter((row) => !lost.includes(row))
      .map(({ chatId }) => ({ chatId, headSequence: standing.head(chatId) })),
    revoked: lost.map(({ chatId }) => chatId),
  };
}

/** What nobody was told of must not go on by itself. Should this fail, too, the rows end with the token. */
async function leaveNothing({ connectionId }: Listener, rows: readonly SubscriptionRow[]): Promise<void> {
  try {
    await deleteRows(rows.map(keyOf));
  } catch (error) {
    logger.error('Subscriptions that failed stay behind', { connectionId, cause: errorSummary(error) });
  }
}

function keyOf({ chatId, subscriber }: SubscriptionRow): RowKey {
  return { table: environment.subscriptionsTable, key: { chatId, subscriber } };
}
