import { environment } from '../../platform/environment.ts';
import type { MessageRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';

/** Far longer than the index of numbers ever lags behind history. */
const indexLagSeconds = 600;

/** Expired rows that are not deleted yet are passed over, but not without end for one page. */
export const mostReads = 10;

/** Whether a message has ended: it counts as absent, though DynamoDB takes days to delete it. */
export function hasExpired({ expiresAt }: Pick<MessageRow, 'expiresAt'>, now: number): boolean {
  return expiresAt <= toSeconds(now);
}

/**
 * Whether a message was committed so long ago that the index shows it, and with it every lower number there is: numbers
 * are given out in the order of commits. Told by when it will expire, and, since the time that history is kept may be
 * changed, also by when it was published, which is always earlier.
 */
export function isSettled({ expiresAt, publishTimestamp }: MessageRow, now: number): boolean {
  const committedAt = expiresAt - environment.messageRetentionDays * 86_400;
  const newest = Math.max(committedAt, toSeconds(Date.parse(publishTimestamp)));
  return newest <= toSeconds(now) - indexLagSeconds;
}
