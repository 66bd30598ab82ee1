import type { ConnectionRow } from '../platform/rows.ts';
import { toSeconds } from './clock.ts';
import { Unauthorized } from './protocol/errors.ts';

/**
 * A token may end while its socket is open, or be renewed on it: the connection's row knows, and the authorizer's word
 * from when the socket opened counts only where there is no row.
 *
 * @throws Unauthorized when the token has ended.
 */
export function requireLiveToken(
  { tokenExpiresAt }: Pick<ConnectionRow, 'tokenExpiresAt'>,
  row: ConnectionRow | undefined,
  now: number,
): void {
  if ((row?.tokenExpiresAt ?? tokenExpiresAt) <= toSeconds(now)) throw new Unauthorized('token expired');
}
