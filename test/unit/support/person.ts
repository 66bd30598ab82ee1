import { subscriberKey } from '../../../functions/domain/connecting/subscriber.ts';
import { inSeconds } from './events.ts';
import { table } from './tables.ts';

let opened = 0;

/** A person with an open connection: its row, and subscriptions to their own channel and to these chats. */
export async function personOnline(userId: string, chatIds: readonly string[] = [], tokenExpiresAt = inSeconds(3600)) {
  opened += 1;
  const connectionId = `open-${opened}`;
  const shared = {
    connectionId,
    userId,
    frames: 'single',
    connectedAt: new Date(Date.now() - 60_000).toISOString(),
    expiresAt: inSeconds(9000),
  };
  const subscriber = subscriberKey(userId, connectionId);
  await table('CONNECTIONS_TABLE').put({ ...shared, tokenExpiresAt });
  await table('SUBSCRIPTIONS_TABLE').put(
    ...[userId, ...chatIds].map((chatId) => ({ ...shared, chatId, subscriber, accessExpiresAt: tokenExpiresAt })),
  );
  return {
    userId,
    connectionId,
    subscriber,
    tokenExpiresAt,
    shared,
    subscription: (chatId: string) => table('SUBSCRIPTIONS_TABLE').get({ chatId, subscriber }),
  };
}
