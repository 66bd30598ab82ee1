import { changeAccessEnd, extendConnection, findSubscriptions, setAccessEnd } from '../../platform/connections.ts';
import { verifyToken } from '../../platform/tokens.ts';
import { ConnectionGone, Forbidden, Unauthorized } from '../protocol/errors.ts';
import type { Authenticated } from '../protocol/server-frames.ts';
import { Standing, type Listener } from '../subscribing/standing.ts';

/**
 * Keeps a connection going past its token, with a new one of the same user: first the connection itself, then each of its
 * subscriptions, none past its permission. Subscriptions that are gone stay gone, and rows live no longer than before:
 * API Gateway closes a socket after two hours, whatever its token.
 *
 * Permissions are read again afterwards, so that neither one that changed meanwhile nor another renewal is written over.
 * A subscription so young that the index does not show it reads the connection once more by itself; should even that miss
 * the renewal, its access ends with the old token, the next pong says so, and subscribing again mends it.
 *
 * @throws Unauthorized for a token that is not good, Forbidden for somebody else's, ConnectionGone; AWS errors as they are.
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

async function extendSubscriptions(listener: Listener, now: number): Promise<void> {
  const subscriptions = await findSubscriptions(listener.connectionId);
  const chatIds = subscriptions.map(({ chatId }) => chatId);
  const before = await Standing.read(listener, chatIds);
  const extended = subscriptions.flatMap((key) => {
    const accessExpiresAt = before.accessEnd(key.chatId, now);
    return accessExpiresAt === undefined ? [] : [{ ...key, accessExpiresAt }];
  });
  await Promise.all(extended.map((row) => setAccessEnd(row, row.accessExpiresAt)));

  const after = await Standing.read(listener, chatIds);
  await Promise.all(
    extended.map(async (row) => {
      const end = after.accessEnd(row.chatId, now) ?? ended;
      if (end !== row.accessExpiresAt) await changeAccessEnd(row, end);
    }),
  );
}

/** An end of access that has passed. */
const ended = 0;
