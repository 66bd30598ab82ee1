import * as v from 'valibot';
import type { LetterFilter, Selection } from '../../../resolvers/rules/dead-letters.ts';
import { problemOfFilter, problemOfMode, problemOfPace, problemOfQueue } from '../../../resolvers/rules/redrive.ts';
import { isJsonObject } from '../protocol/publish-request.ts';

/** What a redrive is to do with which letters. */
export interface Order {
  queue: string;
  mode: 'redrive' | 'discard';
  selection: Selection;
  /** How many letters to settle at most. */
  maxMessages: number;
  /** How many letters to take up a second, at most. */
  maxPerSecond: number;
  /** Whether to send messages, too, whose senders may not send to their chats any more. */
  includeRevokedSenders: boolean;
}

/** Thrown for an order that cannot be carried out, and in whose words nobody could mean it. Step Functions goes by the name. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
}

const text = v.optional(v.string());

const Filter = v.strictObject({
  chatId: text,
  senderId: text,
  eventType: text,
  reason: text,
  messageIds: v.optional(v.array(v.string())),
  sentAfter: text,
  sentBefore: text,
  unreadable: v.optional(v.boolean()),
});

/** Of what the workflows hand over, that which decides about letters. The filter may be JSON, as the table keeps it. */
const Request = v.object({
  queue: v.string(),
  mode: v.picklist(['redrive', 'discard']),
  filter: v.optional(v.unknown()),
  maxMessages: v.optional(v.number()),
  maxPerSecond: v.optional(v.number()),
  includeRevokedSenders: v.optional(v.boolean()),
});

/**
 * Reads an order, by the rules that GraphQL refuses one by as well.
 *
 * @throws InvalidInput saying what was expected and what came.
 */
export function readOrder(given: unknown): Order {
  const request = parse(Request, given, 'redrive');
  const { queue, mode, maxMessages, maxPerSecond, includeRevokedSenders = false } = request;
  const filter = readFilter(request.filter);
  const selection = selectionOf(filter);
  const problem =
    problemOfQueue(queue) ??
    problemOfMode(queue, mode) ??
    problemOfPace(maxMessages, maxPerSecond) ??
    problemOfFilter(filter, selection);
  if (problem !== null) throw new InvalidInput(problem);
  return {
    queue,
    mode,
    selection,
    maxMessages: maxMessages ?? Infinity,
    maxPerSecond: maxPerSecond ?? Infinity,
    includeRevokedSenders,
  };
}

function parse<const Schema extends v.GenericSchema>(
  schema: Schema,
  given: unknown,
  name: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, given, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = [name, v.getDotPath(issue)].filter((part) => part !== null).join('.');
  throw new InvalidInput(`Invalid ${where}: expected ${issue.expected ?? 'nothing'}, got ${issue.received}`);
}

function readFilter(given: unknown): LetterFilter {
  const filter = typeof given === 'string' ? json(given) : (given ?? {});
  if (!isJsonObject(filter)) throw new InvalidInput('Invalid filter: expected an object');
  return parse(Filter, filter, 'filter') as LetterFilter;
}

function json(filter: string): unknown {
  try {
    return JSON.parse(filter);
  } catch {
    throw new InvalidInput('Invalid filter: expected JSON');
  }
}

function selectionOf({ sentAfter, sentBefore, ...rest }: LetterFilter): Selection {
  return {
    ...rest,
    ...(sentAfter !== undefined && { sentAfter: Date.parse(sentAfter) }),
    ...(sentBefore !== undefined && { sentBefore: Date.parse(sentBefore) }),
  };
}
