const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The 10 characters that hold a ULID's time. `time`: epoch milliseconds. */
function timePart(time: number): string {
  let part = '';
  for (let rest = Math.max(0, Math.floor(time)); part.length < 10; rest = Math.floor(rest / 32)) {
    part = ALPHABET.charAt(rest % 32) + part;
  }
  return part;
}

/** The lowest ULID of a millisecond: sorts before every message of that time, so history can be read "after" it. */
export function lowestUlid(time: number): string {
  return timePart(time) + '0'.repeat(16);
}

/** The time in a ULID, in epoch milliseconds; NaN when the text is not one. */
export function ulidTime(ulid: string): number {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(ulid)) return NaN;
  return [...ulid.slice(0, 10)].reduce((time, character) => time * 32 + ALPHABET.indexOf(character), 0);
}

/**
 * A maker of ULIDs that ascend within a millisecond, so that one client's messages sort in the order it made them.
 * `random` gives numbers in [0, 1). https://github.com/ulid/spec
 */
export function ulidMaker(random: () => number): (time: number) => string {
  let last = '';
  return (time) => {
    const prefix = timePart(time);
    last = last.startsWith(prefix)
      ? increment(last)
      : prefix + Array.from({ length: 16 }, () => ALPHABET.charAt(Math.floor(random() * 32))).join('');
    return last;
  };
}

function increment(ulid: string): string {
  const [, head = '', digit = '', tail = ''] = /^(.*)([^Z])(Z*)$/.exec(ulid) ?? [];
  return head + ALPHABET.charAt(ALPHABET.indexOf(digit) + 1) + '0'.repeat(tail.length);
}

/** The greatest ULID below this one, which is not the lowest of all: history "after" it begins with this one. */
export function ulidBefore(ulid: string): string {
  const [, head = '', digit = '', zeros = ''] = /^(.*)([^0])(0*)$/.exec(ulid) ?? [];
  return head + ALPHABET.charAt(ALPHABET.indexOf(digit) - 1) + 'Z'.repeat(zeros.length);
}
