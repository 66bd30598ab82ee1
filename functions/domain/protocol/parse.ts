import * as v from 'valibot';
import { describe } from './describe.ts';
import { InvalidRequest } from './errors.ts';

/** Words an issue: what it is about, and, for a missing part of an object, the way there. */
export type Message = (issue: {
  input: unknown;
  path?: readonly { key: unknown; input: unknown }[] | undefined;
}) => string;

/** The last key on the way to what an issue is about. */
export function keyOf(issue: Parameters<Message>[0]): string {
  return String(issue.path?.at(-1)?.key);
}

/** Says what was expected of a field and what came. */
export function invalid(field: string, expected: string): Message {
  return ({ input }) => `Invalid ${field}: expected ${expected}, got ${describe(input)}.`;
}

export const unicode = 'well-formed Unicode';

/** Text without half of a surrogate pair, which JSON can spell but UTF-8, and so AWS, cannot hold. */
export function wellFormed(message: Message) {
  return v.check((text: string) => text.isWellFormed(), message);
}

/** Names the field that an object lacks. */
export const missingField: Message = (issue) => `Missing required parameter: ${keyOf(issue)} is required.`;

/** @throws InvalidRequest with the first thing that is wrong, in the words of docs/protocol.md. */
export function parseRequest<const Schema extends v.GenericSchema>(
  schema: Schema,
  body: Record<string, unknown>,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, body, { abortEarly: true });
  if (!parsed.success) throw new InvalidRequest(parsed.issues[0].message);
  return parsed.output;
}
