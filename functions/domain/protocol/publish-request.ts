import * as v from 'valibot';
import { chatIdPattern, chatIdRule } from './chat-id.ts';
import { describe } from './describe.ts';
import { limits } from './limits.ts';
import { messageIdPattern } from './message-id.ts';
import { requireSoundShape } from './payload-shape.ts';
import { invalid, keyOf, parseRequest, unicode, wellFormed, type Message } from './parse.ts';

/** Names that only the service may use in a frame: in a payload they would let a sender forge what it says. */
export const reservedPayloadFields: readonly string[] = [
  'type',
  'messageId',
  'senderId',
  'publishTimestamp',
  'sqsMetadata',
  'sequence',
  'headSequence',
  'error',
  'statusCode',
  'ackId',
];

/** Event types that the service itself sends start with this. */
const reservedEventTypePrefix = 'multipart.';

const missing = {
  targets: 'Missing required parameters: targetChannel and payload are required.',
  chatId: 'Missing required parameter: payload.chatId is required.',
  eventType: 'Missing required parameter: payload.eventType is required.',
  content: 'Missing required parameter: payload.content is required.',
};

const missingPayloadField: Record<string, string> = {
  chatId: missing.chatId,
  eventType: missing.eventType,
  content: missing.content,
};

/** Messages of an object with parts of its own: for a part that is bad, and for a part that is missing or no object at all. */
function partMessages<Part extends string>(field: string, rules: Record<Part, string>) {
  const parts = Object.keys(rules) as Part[];
  return {
    bad(part: Part, rule: string = rules[part]): Message {
      return ({ input }) => `Invalid ${field}: expected ${part} to be ${rule}, got ${describe(input)}.`;
    },
    missing(issue: Parameters<Message>[0]): string {
      const { input: whole } = issue.path?.at(-1) ?? issue;
      if (Array.isArray(whole)) return `Invalid ${field}: expected an object with ${parts.join(', ')}, got an array.`;
      const part = parts.find((name) => name === keyOf(issue));
      if (part !== undefined) return this.bad(part)(issue);
      return `Invalid ${field}: expected an object with ${parts.join(', ')}, got ${describe(issue.input)}.`;
    },
  };
}

const sequenceMessages = partMessages('payload.customSequence', {
  number: 'a positive integer',
  scope: 'a non-empty string',
});

/** A number that the sender's own app keeps; the service passes it on and orders nothing by it. */
export const CustomSequence = v.looseObject(
  {
    number: v.pipe(
      v.number(sequenceMessages.bad('number')),
      v.safeInteger(sequenceMessages.bad('number')),
      v.minValue(1, sequenceMessages.bad('number')),
    ),
    scope: v.pipe(
      v.string(sequenceMessages.bad('scope')),
      v.minLength(1, sequenceMessages.bad('scope')),
      wellFormed(sequenceMessages.bad('scope', unicode)),
    ),
  },
  (issue) => sequenceMessages.missing(issue),
);

const partsMessages = partMessages('payload.multiPartMetadata', {
  groupId: `a string of 1-${limits.multiPartGroupIdLength} characters`,
  totalParts: `an integer from 1 to ${limits.multiPartTotalParts}`,
  partNumber: 'an integer from 1 to totalParts',
});

function positiveInteger(message: Message) {
  return v.pipe(v.number(message), v.integer(message), v.minValue(1, message));
}

/** One part of a larger whole: the parts of a group are counted, and the chat hears when they are all there. */
export const MultiPartMetadata = v.pipe(
  v.looseObject(
    {
      groupId: v.pipe(
        v.string(partsMessages.bad('groupId')),
        v.minLength(1, partsMessages.bad('groupId')),
        v.maxLength(limits.multiPartGroupIdLength, partsMessages.bad('groupId')),
        wellFormed(partsMessages.bad('groupId', unicode)),
      ),
      totalParts: v.pipe(
        positiveInteger(partsMessages.bad('totalParts')),
        v.maxValue(limits.multiPartTotalParts, partsMessages.bad('totalParts')),
      ),
      partNumber: positiveInteger(partsMessages.bad('partNumber')),
    },
    (issue) => partsMessages.missing(issue),
  ),
  v.check(
    ({ partNumber, totalParts }) => partNumber <= totalParts,
    ({ input }) =>
      `Invalid payload.multiPartMetadata: expected partNumber to be an integer from 1 to totalParts (${input.totalParts}), ` +
      `got ${input.partNumber}.`,
  ),
);

const chatIdMessage = invalid('payload.chatId', chatIdRule);

/** What a message says. Any other field is the app's own, and is delivered as it came. */
export const Payload = v.pipe(
  v.looseObject(
    {
      chatId: v.pipe(
        v.string(chatIdMessage),
        v.minLength(1, missing.chatId),
        v.regex(chatIdPattern, chatIdMessage),
        v.description('The chat to send to; the sender needs a permission there.'),
      ),
      eventType: v.pipe(
        v.string(missing.eventType),
        v.minLength(1, missing.eventType),
        wellFormed(invalid('payload.eventType', unicode)),
        v.check(
          (eventType) => !eventType.startsWith(reservedEventTypePrefix),
          ({ input }) =>
            `Reserved payload.eventType: ${describe(input)}; types that start with "${reservedEventTypePrefix}" are sent by the service.`,
        ),
      ),
      content: v.unknown(),
      customSequence: v.optional(CustomSequence),
      multiPartMetadata: v.optional(MultiPartMetadata),
    },
    (issue) => missingPayloadField[keyOf(issue)] ?? missing.targets,
  ),
  v.check(
    (payload) => reservedFieldOf(payload) === undefined,
    ({ input }) => `Reserved payload field: ${reservedFieldOf(input)}; the service sets it itself.`,
  ),
);

/** The first of the service's own names that a payload uses. */
export function reservedFieldOf(payload: object): string | undefined {
  return reservedPayloadFields.find((field) => Object.hasOwn(payload, field));
}

const targetChannelMessage = invalid('targetChannel', `1-${limits.targetChannelLength} printable ASCII characters`);
const messageGroupIdMessage = invalid('messageGroupId', `a string of 1-${limits.messageGroupIdLength} characters`);
const messageIdMessage = invalid('messageId', 'a ULID in upper case');

/** What `sendMessage` and `POST /publish` take. */
export const PublishRequest = v.looseObject(
  {
    targetChannel: v.pipe(
      v.string(missing.targets),
      v.minLength(1, missing.targets),
      v.maxLength(limits.targetChannelLength, targetChannelMessage),
      v.regex(/^[ -~]*$/, targetChannelMessage),
      v.description('"WebSocket" is delivered by this service; others are accepted and published.'),
    ),
    payload: Payload,
    messageType: v.optional(
      v.picklist(['fifo', 'standard'], "Invalid messageType. Must be 'fifo' or 'standard'."),
      'standard',
    ),
    messageGroupId: v.optional(
      v.pipe(
        v.string(messageGroupIdMessage),
        v.minLength(1, messageGroupIdMessage),
        v.maxLength(limits.messageGroupIdLength, messageGroupIdMessage),
        wellFormed(invalid('messageGroupId', unicode)),
        v.description('FIFO only, ignored otherwise: messages of one group are processed in order. Default: the chat.'),
      ),
    ),
    generateSequence: v.optional(
      v.pipe(
        v.boolean(invalid('generateSequence', 'true or false')),
        v.description('FIFO only, ignored otherwise: the service numbers the message 1, 2, 3, ... within its chat.'),
      ),
      false,
    ),
    messageId: v.optional(
      v.pipe(
        v.string(messageIdMessage),
        v.regex(messageIdPattern, messageIdMessage),
        v.description("The message's one identity, chosen by the sender so that a retry is known as one."),
      ),
    ),
    requestAck: v.optional(v.boolean(invalid('requestAck', 'true or false')), false),
  },
  missing.targets,
);

/** What a message says, as it is delivered and stored. */
export type Payload = v.InferOutput<typeof Payload> & { chatId: string; eventType: string };
export type PublishRequest = v.InferOutput<typeof PublishRequest>;

/**
 * Parses a publish request. The payload that comes out is the very object that came in (a schema would drop fields
 * called `constructor` or `__proto__`), except that the earlier protocol's `targetId` becomes its `chatId`.
 *
 * @throws InvalidRequest with the first thing that is wrong, in the words of docs/protocol.md.
 */
export function parsePublishRequest(body: Record<string, unknown>): PublishRequest {
  const payload = withChatId(body['payload']);
  if (payload !== undefined) requireSoundShape(payload);
  return { ...parseRequest(PublishRequest, { ...body, payload }), payload: payload as Payload };
}

const targetClasses: readonly unknown[] = ['user', 'org', 'hub', 'project'];

/** The earlier protocol names a target by `targetId` and `targetClass`: that target is the chat called `targetId`. */
function withChatId(payload: unknown): Record<string, unknown> | undefined {
  if (!isJsonObject(payload)) return undefined;
  const { chatId, targetId, targetClass } = payload;
  if (chatId === null) return { ...payload, chatId: '' };
  if (chatId !== undefined || targetId === undefined || !targetClasses.includes(targetClass)) return payload;
  return { chatId: targetId, ...payload };
}

/** Whether a parsed JSON value is an object: not an array, not null. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
