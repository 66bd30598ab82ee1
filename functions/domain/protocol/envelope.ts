import * as v from 'valibot';
import { chatIdPattern } from './chat-id.ts';
import type { Payload } from './publish-request.ts';
import { messageIdPattern } from './message-id.ts';
import { isJsonObject, MultiPartMetadata, reservedFieldOf } from './publish-request.ts';

/**
 * A message on its way from a publisher through SNS and SQS to the processor. It is the body of both (raw delivery),
 * and stays the same through a dead-letter queue and a redrive.
 */
export const Envelope = v.object({
  version: v.literal(1),
  messageId: v.pipe(v.string(), v.regex(messageIdPattern)),
  senderId: v.pipe(v.string(), v.minLength(1)),
  publishTimestamp: v.pipe(v.string(), v.isoTimestamp()),
  targetChannel: v.string(),
  messageType: v.picklist(['fifo', 'standard']),
  messageGroupId: v.optional(v.string()),
  generateSequence: v.optional(v.literal(true)),
  payload: v.looseObject({
    chatId: v.pipe(v.string(), v.regex(chatIdPattern)),
    eventType: v.pipe(v.string(), v.minLength(1)),
    multiPartMetadata: v.optional(MultiPartMetadata),
  }),
});

export type Envelope = Omit<v.InferOutput<typeof Envelope>, 'payload'> & {
  payload: Pick<Payload, 'chatId' | 'eventType' | 'multiPartMetadata'> & Record<string, unknown>;
};

/** Thrown when a queue holds something that is no envelope: no retry can read it, so it becomes a dead letter. */
export class UnreadableEnvelope extends Error {
  override readonly name = 'UnreadableEnvelope';
}

/** JSON of an envelope; SNS and SQS refuse two characters that JSON allows unescaped. */
export function writeEnvelope(envelope: Envelope): string {
  return JSON.stringify(envelope).replace(
    /[\uFFFE\uFFFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16)}`,
  );
}

/**
 * Reads an envelope. What the publishers refuse for posing as the service is no envelope either, whoever else may
 * publish to the topics.
 *
 * @throws UnreadableEnvelope saying what is wrong, without any of the message's own words.
 */
export function readEnvelope(body: string): Envelope {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new UnreadableEnvelope('not JSON');
  }
  const parsed = v.safeParse(Envelope, json, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UnreadableEnvelope(`not an envelope: ${v.getDotPath(issue) ?? 'the body'} is not as expected`);
  }
  // The schema drops fields called `constructor` or `__proto__`; a payload is delivered as it came.
  const payload = isJsonObject(json) ? json['payload'] : undefined;
  const reserved = isJsonObject(payload) ? reservedFieldOf(payload) : undefined;
  if (reserved !== undefined) throw new UnreadableEnvelope(`not an envelope: payload.${reserved} is reserved`);
  return { ...parsed.output, payload: payload as Envelope['payload'] };
}
