/** What passes between states: a JSON value. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How Step Functions measures data: bytes of its JSON text in UTF-8. */
export function sizeOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}
