import { environment } from '../../platform/environment.ts';
import { readTogether, type RowKey } from '../../platform/read-together.ts';
import type { ChatRow, ConnectionRow, SubscriptionRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import { subscriberKey } from '../connecting/subscriber.ts';
import { isChatId } from '../protocol/chat-id.ts';
import type { Pong } from '../protocol/server-frames.ts';
import { requireLiveToken } from '../token.ts';
import type { Listener } from './standing.ts';

/**
 * Where the chats of a connection are, read strongly in one call: the heads of those it listens to, and which of them it
 * does not, or no longer, listen to. A head is told only to who gets the chat's messages anyway.
 *
 * @throws Unauthorized when the token has ended; AWS errors as they are.
 */
export async function readPulse(listener: Listener, asked: readonly string[], now = Date.now()): Promise<Pong> {
  const { connectionId, userId } = listener;
  const chatIds = asked.filter(isChatId);
  const subscriber = subscriberKey(userId, connectionId);
  const keys: RowKey[] = [
    { table: environment.connectionsTable, key: { connectionId } },
    ...chatIds.flatMap((chatId): RowKey[] => [
      { table: environment.subscriptionsTable, key: { chatId, subscriber } },
      { table: environment.chatsTable, key: { chatId } },
    ]),
  ];
  const [connection, ...rows] = await readTogether(keys);
  requireLiveToken(listener, connection as ConnectionRow | undefined, now);

  const heads = new Map<string, number>();
  chatIds.forEach((chatId, index) => {
    const subscription = rows[2 * index] as SubscriptionRow | undefined;
    const chat = rows[2 * index + 1] as ChatRow | undefined;
    const isListening = subscription !== undefined && subscription.accessExpiresAt > toSeconds(now);
    if (isListening) heads.set(chatId, chat?.sequence ?? 0);
  });
  return {
    type: 'pong',
    serverTime: new Date(now).toISOString(),
    heads: Object.fromEntries(heads),
    notSubscribed: asked.filter((chatId) => !heads.has(chatId)),
  };
}
