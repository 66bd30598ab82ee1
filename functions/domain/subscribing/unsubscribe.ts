import { deleteRows } from '../../platform/delete-rows.ts';
import { environment } from '../../platform/environment.ts';
import { subscriberKey } from '../connecting/subscriber.ts';
import { isOwnChannel } from '../permission.ts';
import { isChatId } from '../protocol/chat-id.ts';
import type { Unsubscribed } from '../protocol/server-frames.ts';
import { requireLiveToken } from '../token.ts';
import { Standing, type Listener } from './standing.ts';

/**
 * Ends subscriptions of a connection. A chat it did not listen to does no harm. The user's own channel stays: every
 * connection listens to it, and the answer does not name it.
 *
 * @throws Unauthorized when the token has ended; AWS errors as they are.
 */
export async function unsubscribe(
  listener: Listener,
  chatIds: readonly string[],
  now = Date.now(),
): Promise<Unsubscribed> {
  const { connection } = await Standing.read(listener, []);
  requireLiveToken(listener, connection, now);
  const { userId, connectionId } = listener;
  const ended = [...new Set(chatIds)].filter((chatId) => !isOwnChannel(userId, chatId));
  const subscriber = subscriberKey(userId, connectionId);
  await deleteRows(
    ended.filter(isChatId).map((chatId) => ({ table: environment.subscriptionsTable, key: { chatId, subscriber } })),
  );
  return { type: 'unsubscribed', chatIds: ended };
}
