import { createHash } from 'node:crypto';
import { chatIdPattern } from '../protocol/chat-id.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { partOf, type Part } from './part.ts';
import type { PartRefusal } from './refusal.ts';

/** What a sender's own channel hears when a part that was taken could not join its group after all. */
const refusedEventType = 'multipart.refused';

/** Characters of a ULID that are its time. */
const timeLength = 10;

/** Hexadecimal digits are Crockford's, too. */
const hashLength = 16;

/**
 * The message that tells a sender of a refused part. It is the same however often the part is refused, so a repeat
 * adds nothing to the sender's channel.
 *
 * @param now epoch milliseconds.
 * @returns nothing for a message that is no part, or whose sender has no channel: only what was put on a topic past the
 * publishers has such a sender.
 */
export function noticeOf(refused: Envelope, reason: PartRefusal, now: number): Envelope | undefined {
  const part = partOf(refused);
  if (part === undefined || !chatIdPattern.test(part.senderId)) return undefined;
  const { chatId, groupId, partNumber, totalParts, senderId, messageId } = part;
  return {
    version: 1,
    messageId: noticeId(part),
    senderId,
    publishTimestamp: new Date(now).toISOString(),
    targetChannel: refused.targetChannel,
    messageType: 'standard',
    payload: {
      chatId: senderId,
      eventType: refusedEventType,
      content: { chatId, groupId, partNumber, totalParts, messageId, reason },
    },
  };
}

/** Of the same time as the refused message, and as unlike others as a ULID: message ids are unique only within a chat. */
function noticeId({ chatId, messageId }: Part): string {
  const hash = createHash('sha256').update(`${chatId}#${messageId}`).digest('hex');
  return messageId.slice(0, timeLength) + hash.slice(0, hashLength).toUpperCase();
}
