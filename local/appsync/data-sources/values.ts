import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Typed = Record<string, unknown>;

/** A typed value of a request object as the SDK takes it: numbers as text, binary as bytes. */
function toAttribute(typed: unknown): AttributeValue {
  const [[type, value] = ['', undefined]] = Object.entries(typed as Typed);
  switch (type) {
    case 'S':
      return { S: String(value) };
    case 'N':
      return { N: String(value) };
    case 'BOOL':
      return { BOOL: value === true };
    case 'NULL':
      return { NULL: true };
    case 'B':
      return { B: bytes(value) };
    case 'SS':
      return { SS: value as string[] };
    case 'NS':
      return { NS: (value as unknown[]).map(String) };
    case 'BS':
      return { BS: (value as unknown[]).map(bytes) };
    case 'L':
      return { L: (value as unknown[]).map(toAttribute) };
    case 'M':
      return { M: toAttributes(value as Typed) };
    default:
      throw new Error(`Expected a typed DynamoDB value such as {"S": "text"}, got ${JSON.stringify(typed)}`);
  }
}

export function toAttributes(map: Typed): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(map).map(([name, typed]) => [name, toAttribute(typed)]));
}

/** A stored value as resolvers see it: sets are lists, binary is base64. */
function fromAttribute(attribute: AttributeValue): unknown {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.SS) return attribute.SS;
  if (attribute.NS) return attribute.NS.map(Number);
  if (attribute.L) return attribute.L.map(fromAttribute);
  if (attribute.M) return fromAttributes(attribute.M);
  if (attribute.B) return base64(attribute.B);
  if (attribute.BS) return attribute.BS.map(base64);
  return null;
}

export function fromAttributes(map: Record<string, AttributeValue>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([name, attribute]) => [name, fromAttribute(attribute)]));
}

/** An item, or null where there is none. */
export function fromItem(item: Record<string, AttributeValue> | undefined): Record<string, unknown> | null {
  return item ? fromAttributes(item) : null;
}

function bytes(value: unknown): Uint8Array {
  return Buffer.from(String(value), 'base64');
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}
