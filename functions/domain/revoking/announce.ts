import { logger } from '../../platform/logger.ts';
import { frameOf } from '../../platform/signed-posts.ts';
import { post, postsInFlight } from '../../platform/sockets.ts';
import { Slots } from '../delivery/slots.ts';
import type { SubscriptionRevoked } from '../protocol/server-frames.ts';
import type { Reason } from './permission-event.ts';

/** A subscription that is no more, and who should hear of it. */
export interface Revocation {
  connectionId: string;
  chatId: string;
  reason: Reason;
}

/** How long posts are begun; the last one may take a second more. What waits behind is other people's revocations. */
const announcingMs = 500;

/**
 * Tells connections that a chat is closed to them, once each, and only for a moment. Never throws: the subscriptions are gone
 * already, so whoever is not told hears nothing more of the chat either, and learns why from the next `pong`.
 */
export async function announce(revocations: readonly Revocation[]): Promise<void> {
  const until = Date.now() + announcingMs;
  const slots = new Slots(postsInFlight);
  const told = await Promise.all(
    revocations.map((revocation) => slots.run(async () => Date.now() < until && (await tell(revocation)))),
  );
  const untold = told.filter((heard) => !heard).length;
  if (untold > 0) logger.warn('Connections were not told that subscriptions ended', { untold });
}

/** @returns whether there is nobody left to tell. */
async function tell({ connectionId, chatId, reason }: Revocation): Promise<boolean> {
  const said: SubscriptionRevoked = { type: 'subscription.revoked', chatId, reason };
  const outcome = await post(connectionId, frameOf(JSON.stringify(said)));
  return outcome === 'delivered' || outcome === 'gone';
}
