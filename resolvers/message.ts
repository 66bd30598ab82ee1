import type { CustomSequence, Message, MessageType, MultiPartMetadata } from './generated/schema.ts';

/** A row of the Messages table. `payload` is the sender's payload as one JSON text, `expiresAt` epoch seconds. */
export interface MessageRow {
  chatId: string;
  messageId: string;
  senderId: string;
  eventType: string;
  messageType: MessageType;
  payload: string;
  publishTimestamp: string;
  sequence?: number;
  expiresAt?: number;
}

interface Payload {
  content?: unknown;
  customSequence?: CustomSequence | null;
  multiPartMetadata?: MultiPartMetadata | null;
}

/** A message as GraphQL shows it. `content` and `payload` are JSON texts, which AppSync hands on as they are. */
export function messageOf(row: MessageRow): Message {
  const parsed = JSON.parse(row.payload) as Payload | string;
  const payload: Payload = typeof parsed === 'object' && parsed !== null ? parsed : {};
  const sequence = row.sequence ?? null;
  const assigned = { number: sequence ?? 0, scope: row.chatId, timestamp: row.publishTimestamp };
  return {
    chatId: row.chatId,
    messageId: row.messageId,
    senderId: row.senderId,
    eventType: row.eventType,
    content: JSON.stringify(payload.content ?? null),
    payload: row.payload,
    messageType: row.messageType,
    publishTimestamp: row.publishTimestamp,
    sequence,
    customSequence: sequence === null ? (payload.customSequence ?? null) : assigned,
    multiPartMetadata: payload.multiPartMetadata ?? null,
  };
}
