const tokens =
  /'((?:[^']|'')*)'|yyyy|uuuu|yy|MMMM|MMM|MM|M|dd|d|EEEE|EEE|HH|H|hh|h|mm|m|ss|s|SSS|a|XXX|XX|X|Z|z|VV|[A-Za-z]/g;

/**
 * `util.time`. Formats follow Java's DateTimeFormatter; of its letters, the common ones are implemented and the others
 * refused.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/time-helpers-in-util-time-js.html
 */
export const timeUtil = {
  nowISO8601: () => new Date().toISOString(),
  nowEpochSeconds: () => Math.floor(Date.now() / 1000),
  nowEpochMilliSeconds: () => Date.now(),
  nowFormatted: (format: string, timezone = 'UTC') => formatted(Date.now(), format, timezone),
  parseISO8601ToEpochMilliSeconds(text: string): number {
    const milliseconds = Date.parse(text);
    if (!/^\d{4}-\d{2}-\d{2}T/.test(text) || Number.isNaN(milliseconds))
      throw new Error(`Unable to parse ${text} as ISO 8601`);
    return milliseconds;
  },
  parseFormattedToEpochMilliSeconds: parseFormatted,
  epochMilliSecondsToSeconds: (milliseconds: number) => Math.floor(milliseconds / 1000),
  epochMilliSecondsToISO8601: (milliseconds: number) => new Date(milliseconds).toISOString(),
  epochMilliSecondsToFormatted: (milliseconds: number, format: string, timezone = 'UTC') =>
    formatted(milliseconds, format, timezone),
};

interface Fields {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
  weekday: string;
  monthName: string;
}

function fieldsAt(milliseconds: number, timeZone: string): Fields {
  const parts = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormatPart[] =>
    new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...options }).formatToParts(milliseconds);
  const digits = parts({
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const names = parts({ weekday: 'long', month: 'long' });
  const of = (list: Intl.DateTimeFormatPart[], type: string): string =>
    list.find((part) => part.type === type)?.value ?? '';
  return {
    year: of(digits, 'year'),
    month: of(digits, 'month'),
    day: of(digits, 'day'),
    hour: of(digits, 'hour'),
    minute: of(digits, 'minute'),
    second: of(digits, 'second'),
    weekday: of(names, 'weekday'),
    monthName: of(names, 'month'),
  };
}

function formatted(milliseconds: number, format: string, timezone: string): string {
  const fields = fieldsAt(milliseconds, timezone);
  const number = (text: string): string => String(Number(text));
  const hour12 = String(Number(fields.hour) % 12 || 12);
  const offset = offsetMinutes(milliseconds, timezone);
  const values: Record<string, () => string> = {
    yyyy: () => fields.year.padStart(4, '0'),
    uuuu: () => fields.year.padStart(4, '0'),
    yy: () => fields.year.slice(-2),
    MMMM: () => fields.monthName,
    MMM: () => fields.monthName.slice(0, 3),
    MM: () => fields.month,
    M: () => number(fields.month),
    dd: () => fields.day,
    d: () => number(fields.day),
    EEEE: () => fields.weekday,
    EEE: () => fields.weekday.slice(0, 3),
    HH: () => fields.hour,
    H: () => number(fields.hour),
    hh: () => hour12.padStart(2, '0'),
    h: () => hour12,
    mm: () => fields.minute,
    m: () => number(fields.minute),
    ss: () => fields.second,
    s: () => number(fields.second),
    SSS: () => String(((milliseconds % 1000) + 1000) % 1000).padStart(3, '0'),
    a: () => (Number(fields.hour) < 12 ? 'AM' : 'PM'),
    XXX: () => (offset === 0 ? 'Z' : offsetText(offset, ':')),
    XX: () => (offset === 0 ? 'Z' : offsetText(offset, '')),
    X: () => (offset === 0 ? 'Z' : offsetText(offset, '').replace(/00$/, '')),
    Z: () => offsetText(offset, ''),
    z: () => timezone,
    VV: () => timezone,
  };
  return format.replaceAll(tokens, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'");
    return valueOf(values, token)();
  });
}

function valueOf<Value>(values: Record<string, Value>, token: string): Value {
  const value = values[token];
  if (value === undefined)
    throw new Error(`The embedded cloud does not implement the letter ${token} in date formats.`);
  return value;
}

function offsetMinutes(milliseconds: number, timezone: string): number {
  const fields = fieldsAt(milliseconds, timezone);
  const local = Date.UTC(
    ...([
      Number(fields.year),
      Number(fields.month) - 1,
      Number(fields.day),
      Number(fields.hour),
      Number(fields.minute),
      Number(fields.second),
    ] as const),
  );
  return Math.round((local - Math.floor(milliseconds / 1000) * 1000) / 60_000);
}

function offsetText(minutes: number, separator: string): string {
  const absolute = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${separator}${two(absolute % 60)}`;
}

const patterns: Record<string, string> = {
  yyyy: '(?<year>\\d{4})',
  uuuu: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{2})',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  ss: '(?<second>\\d{2})',
  SSS: '(?<fraction>\\d{3})',
  XXX: '(?<offset>Z|[+-]\\d{2}:\\d{2})',
  XX: '(?<offset>Z|[+-]\\d{4})',
  Z: '(?<offset>[+-]\\d{4})',
};

function parseFormatted(text: string, format: string, timezone = 'UTC'): number {
  let pattern = '';
  let at = 0;
  for (const match of format.matchAll(tokens)) {
    pattern += escaped(format.slice(at, match.index));
    pattern += match[1] === undefined ? valueOf(patterns, match[0]) : escaped(match[1]);
    at = match.index + match[0].length;
  }
  const found = new RegExp(`^${pattern}${escaped(format.slice(at))}$`).exec(text)?.groups;
  if (!found) throw new Error(`Unable to parse ${text} as ${format}`);
  const {
    year = '1970',
    month = '1',
    day = '1',
    hour = '0',
    minute = '0',
    second = '0',
    fraction = '0',
    offset,
  } = found;
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(fraction),
  );
  const minutes = offset === undefined ? offsetMinutes(utc, timezone) : parsedOffset(offset);
  return utc - minutes * 60_000;
}

function parsedOffset(offset: string): number {
  if (offset === 'Z') return 0;
  const digits = offset.replace(':', '');
  return (digits.startsWith('-') ? -1 : 1) * (Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3)));
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
