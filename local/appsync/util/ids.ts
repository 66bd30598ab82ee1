import { randomBytes, randomUUID } from 'node:crypto';

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** KSUID's epoch, 2014-05-13T16:53:20Z, in seconds (https://github.com/segmentio/ksuid). */
const ksuidEpoch = 1_400_000_000;

function digitsOf(value: bigint, alphabet: string, length: number): string {
  const base = BigInt(alphabet.length);
  return Array.from(
    { length },
    (_, place) => alphabet[Number((value / base ** BigInt(length - 1 - place)) % base)],
  ).join('');
}

function random(bytes: number): bigint {
  return BigInt(`0x${randomBytes(bytes).toString('hex')}`);
}

/** `util.autoId`, `util.autoUlid` and `util.autoKsuid`. */
export const ids = {
  autoId: (): string => randomUUID(),
  autoUlid: (): string => digitsOf(BigInt(Date.now()), crockford, 10) + digitsOf(random(10), crockford, 16),
  autoKsuid: (): string =>
    digitsOf((BigInt(Math.floor(Date.now() / 1000) - ksuidEpoch) << 128n) | random(16), base62, 27),
};
