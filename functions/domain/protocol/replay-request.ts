import * as v from 'valibot';
import { chatIdPattern, chatIdRule } from './chat-id.ts';
import { describe } from './describe.ts';
import { limits } from './limits.ts';
import { messageIdPattern } from './message-id.ts';
import { invalid, missingField, type Message } from './parse.ts';

const chatIdMessage = invalid('chatId', chatIdRule);
const afterMessageIdMessage = invalid('afterMessageId', 'a ULID of 26 upper-case characters');
const toSequenceRule = 'a whole number, at least fromSequence';

function wholeNumber(message: Message) {
  return v.pipe(v.number(message), v.safeInteger(message), v.minValue(0, message));
}

/** What `replay` asks for: a range of numbers, or everything after an id. */
export const ReplayRequest = v.pipe(
  v.object(
    {
      chatId: v.pipe(v.string(chatIdMessage), v.regex(chatIdPattern, chatIdMessage)),
      fromSequence: v.optional(
        v.pipe(
          wholeNumber(invalid('fromSequence', 'a whole number')),
          v.description('The first number wanted. Numbered messages only.'),
        ),
      ),
      toSequence: v.optional(
        v.pipe(
          wholeNumber(invalid('toSequence', toSequenceRule)),
          v.description("The last number wanted; default, and at most: the chat's head."),
        ),
      ),
      afterMessageId: v.optional(
        v.pipe(
          v.string(afterMessageIdMessage),
          v.regex(messageIdPattern, afterMessageIdMessage),
          v.description('Every message with a greater id, numbered or not. The message of this id need not exist.'),
        ),
      ),
      ackId: v.optional(
        v.pipe(
          v.unknown(),
          v.check(
            (ackId) => Buffer.byteLength(JSON.stringify(ackId)) <= limits.replayAckIdBytes,
            `Invalid ackId: expected at most ${limits.replayAckIdBytes} bytes of JSON, got more.`,
          ),
          v.description('Comes back with the answer.'),
        ),
      ),
    },
    missingField,
  ),
  v.check(
    ({ fromSequence, afterMessageId }) => fromSequence !== undefined || afterMessageId !== undefined,
    'Missing required parameter: fromSequence or afterMessageId is required.',
  ),
  v.check(
    ({ fromSequence, toSequence, afterMessageId }) =>
      afterMessageId === undefined || (fromSequence === undefined && toSequence === undefined),
    ({ input }) =>
      `Invalid afterMessageId: expected nothing beside fromSequence or toSequence, got ${describe(input.afterMessageId)}.`,
  ),
  v.check(
    ({ fromSequence = 0, toSequence = Infinity }) => toSequence >= fromSequence,
    ({ input }) => `Invalid toSequence: expected ${toSequenceRule}, got ${describe(input.toSequence)}.`,
  ),
);

export type ReplayRequest = v.InferOutput<typeof ReplayRequest>;
