import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeTime, isValid } from 'ulid';
import { lowestUlid, ulidBefore, ulidMaker, ulidTime } from '../../client/ulid.ts';

const times = fc.integer({ min: 0, max: 2 ** 48 - 2 });

test('an id is a ULID of its time, as other implementations read it', () => {
  fc.assert(
    fc.property(times, (time) => {
      const id = ulidMaker(Math.random)(time);
      expect(isValid(id)).toBe(true);
      expect(decodeTime(id)).toBe(time);
      expect(ulidTime(id)).toBe(time);
    }),
  );
});

test('ids of one millisecond ascend', () => {
  const make = ulidMaker(Math.random);
  const ids = Array.from({ length: 1_000 }, () => make(1_767_225_600_000));
  expect(ids).toEqual([...new Set(ids)].sort());
});

test('counting up carries over', () => {
  const make = ulidMaker(() => 31 / 32);
  const prefix = make(0).slice(0, -16);
  // The random part is all Z: nothing is left to count in this millisecond but the time itself.
  expect(make(0) > `${prefix}${'Z'.repeat(16)}`).toBe(true);
});

test('the lowest id of a time sorts before all others of it', () => {
  fc.assert(
    fc.property(times, (time) => {
      expect(lowestUlid(time) < ulidMaker(Math.random)(time)).toBe(true);
      expect(time === 0 || lowestUlid(time) > ulidMaker(Math.random)(time - 1)).toBe(true);
    }),
  );
});

test('nothing fits between an id and the one before it', () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (time, random) => {
      const id = ulidMaker(() => random)(time + 1);
      const before = ulidBefore(id);
      expect(isValid(before)).toBe(true);
      const digits = (ulid: string): bigint =>
        [...ulid].reduce((sum, digit) => sum * 32n + BigInt('0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(digit)), 0n);
      expect(digits(id) - digits(before)).toBe(1n);
    }),
  );
  expect(ulidBefore('01M80V25H10000000000000000')).toBe('01M80V25H0ZZZZZZZZZZZZZZZZ');
});

test('what is not a ULID has no time', () => {
  for (const text of ['', 'not-a-ulid', '01arz3ndektsv4rrffq69g5fav', '8ZZZZZZZZZZZZZZZZZZZZZZZZZ']) {
    expect(ulidTime(text)).toBeNaN();
  }
});
