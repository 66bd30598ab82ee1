import { createHash } from 'node:crypto';

/**
 * The sort key of a subscription: `slot#userId#connectionId`. The slot, two hex digits of a hash of the user, spreads a
 * chat's subscribers over 256 equal ranges and keeps one user's together.
 */
export function subscriberKey(userId: string, connectionId: string): string {
  const slot = createHash('sha256').update(userId).digest('hex').slice(0, 2);
  return `${slot}#${userId}#${connectionId}`;
}
