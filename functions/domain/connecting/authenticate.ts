import { extendWherePermitted } from '../../platform/access.ts';
import { extendConnection, findSubscriptions } from '../../platform/connections.ts';
import { pause } from '../../platform/pause.ts';
import { verifyToken } from '../../platform/tokens.ts';
import { ConnectionGone, Forbidden, Unauthorized } from '../protocol/errors.ts';
import type { Authenticated } from '../protocol/server-frames.ts';
import { Standing, type Listener } from '../subscribing/standing.ts';
import { SubscriptionsContended } from '../subscribing/write-subscriptions.ts';

/**
 * Keeps a connection going past its token, with a new one of the same user: first the connection itself, then each of its
 * subscriptions, none past its permission. Subscriptions that are gone stay gone, and rows live no longer than before:
 * API Gateway closes a socket after two hours, whatever its token.
 *
 * An end is written only while permission and token are what was read, in one transaction with it: so a permission that is
 * shortened or taken away meanwhile, or another renewal, is not written over, even when this function dies in between.
 * A subscription so young that the index does not show it reads the connection once more by itself; should even that miss
 * the renewal, its access ends with the old token, the next pong says so, and subscribing again mends it.
 *
 * @throws Unauthorized for a token that is not good, Forbidden for somebody else's, ConnectionGone, SubscriptionsContended;
 * AWS errors as they are. After the last two the connection may have the new token, and asking again does the rest.
 */
export async function authenticate(listener: Listener, token: string, now = Date.now()): Promise<Authenticated> {
  const claims = await verifyToken(token);
  if (claims === undefined) throw new Unauthorized('invalid token');
  if (claims.userId !== listener.userId) throw new Forbidden('The token belongs to another user.');
  const tokenExpiresAt = await extendConnection(listener, claims.expiresAt);
  if (tokenExpiresAt === undefined) throw new ConnectionGone();
  await extendSubscriptions(listener, now);
  return { type: 'authenticated', tokenExpiresAt };
}

/** How often the subscriptions are read again because somebody was changing what they rest on. */
const maxRounds = 8;

async function extendSubscriptions(listener: Listener, now: number): Promise<void> {
  let waiting = await findSubscriptions(listener.connectionId);
  for (let round = 0; waiting.length > 0; round += 1) {
    if (round === maxRounds) throw new SubscriptionsContended();
    if (round > 0) await pause(round - 1);
    const chatIds = waiting.map(({ chatId }) => chatId);
    const standing = await Standing.read(listener, chatIds);
    if (standing.connection === undefined) return;
    const extensions = waiting.flatMap(({ chatId, subscriber }) => {
      const accessExpiresAt = standing.accessEnd(chatId, now);
      if (accessExpiresAt === undefined) return [];
      return [{ row: { chatId, subscriber, accessExpiresAt }, permission: standing.permission(chatId) }];
    });
    const left = await extendWherePermitted(standing.connection, extensions);
    waiting = left.map(({ row }) => row);
  }
}
