const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ulidLength = 26;
const timeLength = 10;

/** 32^9 to 32^0: what each of the ten digits of a ULID's time counts. */
const placeValues = [35184372088832, 1099511627776, 34359738368, 1073741824, 33554432, 1048576, 32768, 1024, 32, 1];

function timeDigits(milliseconds: number): string {
  return placeValues.map((value) => digits.charAt(Math.floor(milliseconds / value) % 32)).join('');
}

/** The lowest ULID of a moment (https://github.com/ulid/spec). */
export function lowestUlidAt(milliseconds: number): string {
  return `${timeDigits(milliseconds)}0000000000000000`;
}

/** The highest ULID of a moment. */
export function highestUlidAt(milliseconds: number): string {
  return `${timeDigits(milliseconds)}ZZZZZZZZZZZZZZZZ`;
}

/** The moment a ULID tells, in epoch milliseconds. */
export function timeOfUlid(ulid: string): number {
  return ulid
    .slice(0, timeLength)
    .split('')
    .reduce((sum, digit, index) => sum + digits.indexOf(digit) * (placeValues[index] as number), 0);
}

/** Whether a text is a ULID in its canonical form, upper case; the first digit goes up to 7. */
export function isUlid(text: string): boolean {
  const shaped = text.length === ulidLength && digits.indexOf(text.charAt(0)) < 8;
  return shaped && text.split('').every((digit) => digits.indexOf(digit) >= 0);
}

/** A bound above `ulid` and below every higher ULID. */
export function justAfter(ulid: string): string {
  return `${ulid}0`;
}

/** A bound below `ulid` and not below any lower ULID. A ULID ending in 0 comes right after all that are lower up to its 25th digit. */
export function justBefore(ulid: string): string {
  const start = ulid.slice(0, 25);
  const lastDigit = digits.indexOf(ulid.charAt(25));
  return lastDigit <= 0 ? start : `${start}${digits.charAt(lastDigit - 1)}`;
}
