import { timeOfUlid } from './ulid.ts';

/** Every dead-letter queue, by the name operators know it by. */
export const deadLetterQueues = ['standard', 'fifo', 'delivery-retry', 'fan-out', 'permission-stream'];

/** Whether its letters are messages that can be sent again. Those of the permissions' stream name stream records, no messages. */
export function isRedrivable(queue: string): boolean {
  return queue !== 'permission-stream';
}

/** Which letters are meant, as people write it and as a redrive keeps it; what is absent does not matter. */
export interface LetterFilter {
  chatId?: string;
  senderId?: string;
  eventType?: string;
  /** A part of the reason, whatever its case. */
  reason?: string;
  /** Any of these. */
  messageIds?: string[];
  /** ISO 8601: sent to the dead-letter queue at this time or later. */
  sentAfter?: string;
  /** ISO 8601: sent to the dead-letter queue before this time. */
  sentBefore?: string;
  /** Whether nothing could read the letter's message. */
  unreadable?: boolean;
}

/** A filter with its times in epoch milliseconds: every runtime that shares these rules reads dates in its own way. */
export interface Selection extends Omit<LetterFilter, 'sentAfter' | 'sentBefore'> {
  sentAfter?: number;
  sentBefore?: number;
}

/** What decides whether a letter is meant. Its `arrival` begins with the time it was sent at, as a ULID does. */
export interface Letter {
  arrival: string;
  reason: string;
  readable: boolean;
  chatId?: string;
  senderId?: string;
  eventType?: string;
  messageId?: string;
}

/** Whether a letter is meant. Looking at letters and redriving them ask the same. */
export function isMeant(selection: Selection, letter: Letter): boolean {
  const { chatId, senderId, eventType, reason, messageIds, sentAfter, sentBefore, unreadable } = selection;
  const sentAt = timeOfUlid(letter.arrival);
  return (
    (chatId === undefined || letter.chatId === chatId) &&
    (senderId === undefined || letter.senderId === senderId) &&
    (eventType === undefined || letter.eventType === eventType) &&
    (reason === undefined || letter.reason.toLowerCase().indexOf(reason.toLowerCase()) >= 0) &&
    (messageIds === undefined || (letter.messageId !== undefined && messageIds.indexOf(letter.messageId) >= 0)) &&
    (sentAfter === undefined || sentAt >= sentAfter) &&
    (sentBefore === undefined || sentAt < sentBefore) &&
    (unreadable === undefined || letter.readable !== unreadable)
  );
}
