/** DynamoDB's typed values as AppSync writes them: numbers stay numbers (`{N: 10}`), and undefined counts as null. */
export type TypedValue = Record<string, unknown>;

/** One value in its typed form. Lists become `L`, never sets. */
export function toDynamoDB(value: unknown): TypedValue {
  if (value === null || value === undefined) return { NULL: null };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toDynamoDB) };
  return { M: toMapValues(value as object) };
}

/** An object whose values are all in their typed form. */
export function toMapValues(value: object): Record<string, TypedValue> {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toDynamoDB(member)]));
}

function orNull<Value>(value: Value | null | undefined, typed: (value: Value) => TypedValue): TypedValue | null {
  return value === null || value === undefined ? null : typed(value);
}

/**
 * `util.dynamodb` (https://docs.aws.amazon.com/appsync/latest/devguide/dynamodb-helpers-in-util-dynamodb-js.html).
 */
export const dynamodbUtil = {
  toDynamoDB,
  toString: (value: string | null) => orNull(value, (text) => ({ S: text })),
  toStringSet: (values: string[] | null) => orNull(values, (list) => ({ SS: list })),
  toNumber: (value: number | null) => orNull(value, (number) => ({ N: number })),
  toNumberSet: (values: number[] | null) => orNull(values, (list) => ({ NS: list })),
  toBinary: (value: string | null) => orNull(value, (base64) => ({ B: base64 })),
  toBinarySet: (values: string[] | null) => orNull(values, (list) => ({ BS: list })),
  toBoolean: (value: boolean | null) => orNull(value, (boolean) => ({ BOOL: boolean })),
  toNull: () => ({ NULL: null }),
  toList: (values: unknown[] | null) => orNull(values, (list) => ({ L: list.map(toDynamoDB) })),
  toMap: (value: object | null) => orNull(value, (object) => ({ M: toMapValues(object) })),
  toMapValues: (value: object | null) => (value === null || value === undefined ? null : toMapValues(value)),
  toS3Object(key: string, bucket: string, region: string, version?: string): TypedValue {
    return { S: JSON.stringify({ s3: { key, bucket, region, ...(version === undefined ? {} : { version }) } }) };
  },
  fromS3ObjectJson(text: string): unknown {
    return (JSON.parse(text) as { s3: unknown }).s3;
  },
};
