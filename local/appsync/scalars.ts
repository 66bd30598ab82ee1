import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

type Check = (text: string) => boolean;

const offset = '(?:Z|[+-](?:0\\d|1[0-4]):[0-5]\\d(?::[0-5]\\d)?)';
const time = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,9})?)?';
const date = '-?\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';

function matching(pattern: string): Check {
  const expression = new RegExp(`^${pattern}$`);
  return (text) => expression.test(text) && isCalendarDay(text);
}

/** Whether a text that begins with a date names a day there is; others pass. */
function isCalendarDay(text: string): boolean {
  const [, year, month, day] = /^(-?\d{4})-(\d\d)-(\d\d)/.exec(text) ?? [];
  return day === undefined || Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
}

function textScalar(name: string, check: Check): GraphQLScalarType {
  const verified = (value: unknown): string => {
    if (typeof value === 'string' && check(value)) return value;
    throw new GraphQLError(`Unable to parse \`${String(value)}\` into \`${name}\``);
  };
  return new GraphQLScalarType({
    name,
    serialize: (value) => {
      if (typeof value === 'string' && check(value)) return value;
      throw new GraphQLError(`Unable to serialize \`${String(value)}\` as a valid ${name}.`);
    },
    parseValue: verified,
    parseLiteral: (node) => verified(node.kind === Kind.STRING ? node.value : undefined),
  });
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^[a-z][a-z0-9+.-]*:/i.test(text);
}

function isIpAddress(text: string): boolean {
  const [address = '', prefix, rest] = text.split('/');
  const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(address);
  const v6 = address.includes(':') && URL.canParse(`http://[${address}]/`);
  const longest = v4 ? 32 : 128;
  return (
    (v4 || v6) && rest === undefined && (prefix === undefined || (/^\d+$/.test(prefix) && Number(prefix) <= longest))
  );
}

const timestamp = new GraphQLScalarType({
  name: 'AWSTimestamp',
  serialize: (value) => seconds(value),
  parseValue: (value) => seconds(value),
  parseLiteral: (node) => seconds(node.kind === Kind.INT ? Number(node.value) : undefined),
});

function seconds(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new GraphQLError(`Unable to parse \`${String(value)}\` into \`AWSTimestamp\``);
}

/** JSON comes in as text and reaches resolvers as what it says; it goes out as text. */
const json = new GraphQLScalarType({
  name: 'AWSJSON',
  serialize(value) {
    // Text is taken for JSON already: resolvers that store JSON as text hand it on as it is.
    if (typeof value !== 'string') return JSON.stringify(value);
    parseJson(value);
    return value;
  },
  parseValue: parseJson,
  parseLiteral: (node: ValueNode) => parseJson(node.kind === Kind.STRING ? node.value : undefined),
});

function parseJson(text: unknown): unknown {
  try {
    if (typeof text === 'string') return JSON.parse(text) as unknown;
  } catch {
    // Answered below, as everything that is not JSON text.
  }
  throw new GraphQLError(`Unable to parse \`${String(text)}\` as valid JSON`);
}

/** The scalars AppSync adds to every schema (https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html). */
export const awsScalars: readonly GraphQLScalarType[] = [
  textScalar('AWSDate', matching(`${date}${offset}?`)),
  textScalar('AWSTime', matching(`${time}${offset}?`)),
  textScalar('AWSDateTime', matching(`${date}T${time}${offset}`)),
  textScalar('AWSEmail', matching('[^\\s@]+@[^\\s@]+')),
  textScalar('AWSURL', isUrl),
  textScalar('AWSPhone', matching('\\+?[0-9][0-9 .()-]{3,}')),
  textScalar('AWSIPAddress', isIpAddress),
  timestamp,
  json,
];
