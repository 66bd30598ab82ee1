import { logger } from '../../platform/logger.ts';
import { pause } from '../../platform/pause.ts';
import { frameOf } from '../../platform/signed-posts.ts';
import { post } from '../../platform/sockets.ts';
import type { Deadline } from '../deadline.ts';
import type { SubscriptionRevoked } from '../protocol/server-frames.ts';
import type { Reason } from './permission-event.ts';

/** A subscription that is no more, and who should hear of it. */
export interface Revocation {
  connectionId: string;
  chatId: string;
  reason: Reason;
}

const maxTries = 3;

/**
 * Tells connections that a chat is closed to them. Never throws: the subscriptions are gone already, so whoever cannot be
 * told hears nothing more of the chat either, and learns why from the next `pong`.
 */
export async function announce(revocations: readonly Revocation[], deadline: Deadline): Promise<void> {
  await Promise.all(revocations.map((revocation) => tell(revocation, deadline)));
}

async function tell({ connectionId, chatId, reason }: Revocation, deadline: Deadline): Promise<void> {
  const said: SubscriptionRevoked = { type: 'subscription.revoked', chatId, reason };
  const frame = frameOf(JSON.stringify(said));
  for (let attempt = 0; attempt < maxTries && !deadline.hasPassed(); attempt += 1) {
    if (attempt > 0) await pause(attempt, 50);
    const outcome = await post(connectionId, frame);
    if (outcome === 'delivered' || outcome === 'gone') return;
  }
  logger.warn('A connection was not told that a subscription ended', { connectionId, reason });
}
