import { abortable } from './clock.ts';
import { NotificationError } from './errors.ts';

/** Why the library asks the token provider: `renew` and `refused` want a token newer than the last one. */
export interface TokenRequest {
  reason: 'connect' | 'renew' | 'refused';
}

/** Gives the user's current JWT. Called at every connect and shortly before the last one ends. */
export type TokenProvider = (request: TokenRequest) => string | Promise<string>;

/** Asks the provider. Rejects with `token` when it fails, with the signal's reason when that aborts first. */
export async function askToken(
  provider: TokenProvider,
  reason: TokenRequest['reason'],
  signal: AbortSignal,
): Promise<string> {
  try {
    return await abortable((async () => provider({ reason }))(), signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new NotificationError('token', 'The token provider failed', cause);
  }
}

/** When a JWT ends, in epoch milliseconds; Infinity when it does not say. Read, not verified: that is the service's work. */
export function tokenExpiry(token: string): number {
  try {
    const body = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    return Number((JSON.parse(atob(body)) as { exp?: unknown }).exp) * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}
