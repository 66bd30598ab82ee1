import { createHash } from 'node:crypto';
import { encodeTime } from 'ulid';
import type { ArrivedLetter } from './arrived-letter.ts';

/** Crockford's base 32, in which ULIDs are written. */
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Of a ULID's 26 characters ten tell the time, which leaves these. */
const idLength = 16;

/** 14 digits of base 32 hold a SequenceNumber's 20 decimal ones. */
const sequenceLength = 14;

/**
 * The place of a letter among those of its queue: shaped like a ULID, sorting by when it was sent, on FIFO then by
 * SequenceNumber, and the same however often the letter is received.
 */
export function arrivalOf({ id, sentAt, sequenceNumber }: ArrivedLetter): string {
  const hash = createHash('sha256').update(id).digest('hex').toUpperCase();
  const sequence = sequenceNumber === undefined ? '' : inBase32(BigInt(sequenceNumber)).padStart(sequenceLength, '0');
  return encodeTime(sentAt) + (sequence + hash).slice(0, idLength);
}

function inBase32(value: bigint): string {
  const rest = value >> 5n;
  return (rest > 0n ? inBase32(rest) : '') + digits[Number(value & 31n)];
}
