import { createHash } from 'node:crypto';
import type { Envelope } from '../protocol/envelope.ts';

const separator = '\0';

/** SNS refuses many characters in these ids, and a chat's group must not be one that another chat can name. */
function hash(...parts: string[]): string {
  return createHash('sha256').update(parts.join(separator)).digest('base64url');
}

/**
 * The group of a message: on FIFO its own group within its chat. A numbered message always goes in the chat's own group,
 * because numbers are one order per chat. A standard message, which has no order, goes there, too: what takes the
 * processors' time is how many a chat's messages are and how many listen to each, whoever sent them; so it is a chat that
 * waits for itself when it is too busy.
 */
export function topicGroupId({ payload: { chatId }, messageGroupId, generateSequence }: Envelope): string {
  return hash(chatId, generateSequence ? chatId : (messageGroupId ?? chatId));
}

/**
 * What makes two publishes one, for the 5 minutes that SNS remembers: the id that the sender gave, or else the
 * content. Never the id this service made up, which differs from one try to the next. Channels share the topic and
 * their messages are not each other's repeats: each goes to queues of its own.
 */
export function topicDeduplicationId(envelope: Envelope, idGivenBySender: boolean): string {
  const { senderId, targetChannel, messageId, payload } = envelope;
  return idGivenBySender
    ? hash('id', senderId, targetChannel, payload.chatId, messageId)
    : hash('content', senderId, targetChannel, payload.chatId, JSON.stringify(payload));
}
