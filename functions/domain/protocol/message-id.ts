import { decodeTime, ulid } from 'ulid';
import { describe } from './describe.ts';
import { InvalidRequest } from './errors.ts';
import { limits } from './limits.ts';

/** A ULID as this service takes it: 26 characters of Crockford's base 32, upper case, its time within 48 bits. */
export const messageIdPattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** A new id for a message sent at `now` (epoch milliseconds). */
export function newMessageId(now: number): string {
  return ulid(now);
}

/**
 * Checks the time inside an id that a client gave: history sorts by id, so an id may not lie far from now.
 *
 * @throws InvalidRequest more than 24 h in the past, or more than 60 s in the future.
 */
export function requireRecent(messageId: string, now: number): void {
  const age = now - decodeTime(messageId);
  if (age <= limits.messageIdAgeMs && -age <= limits.messageIdAheadMs) return;
  throw new InvalidRequest(
    `Invalid messageId: expected a time at most 24 h ago and at most 60 s ahead, got ${describe(messageId)} ` +
      `of ${new Date(now - age).toISOString()}.`,
  );
}
