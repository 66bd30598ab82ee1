/** The wire contract as the client sees it (docs/protocol.md). A frame without `type` is a message; every other frame has one. */

/** A delivered message: the sender's payload, flattened, plus what the service knows about it. */
export interface Message {
  chatId: string;
  eventType: string;
  content: unknown;
  /** ULID: the one identity of the message, from publish to history. */
  messageId: string;
  /** User id (`sub`) of the sender, or the client id of a machine. */
  senderId: string;
  /** ISO time with milliseconds, by the service's clock. */
  publishTimestamp: string;
  /** The chat's own consecutive number; absent unless the sender asked for one with `generateSequence`. */
  sequence?: number;
  customSequence?: { number: number; scope?: string; timestamp?: string };
  multiPartMetadata?: { groupId: string; totalParts: number; partNumber: number };
  /** Compare `sequenceNumber` as BigInt: it has 20 digits and does not fit a Number. */
  sqsMetadata?: { sequenceNumber?: string; messageGroupId?: string; messageId: string; retryCount: number };
  [field: string]: unknown;
}

/** What the service answers to a send it has published. */
export interface SendReply {
  message: string;
  messageId: string;
  messageType: 'fifo' | 'standard';
  targetChannel: string;
  messageGroupId?: string;
}

export interface SubscribedFrame {
  chats: { chatId: string; headSequence: number; firstSequence?: number | null }[];
  refused?: { chatId: string; error: string; statusCode?: number }[];
}

/** What to replay: numbers, both ends included, or everything with a greater id. */
export type ReplayRange = { fromSequence: number; toSequence?: number } | { afterMessageId: string };

/** A page of history. */
export interface ReplayFrame {
  messages: Message[];
  headSequence?: number;
  firstSequence?: number | null;
  /** False when an index lags behind the chat's head, or when there are more pages. */
  complete: boolean;
  nextSequence?: number;
  nextMessageId?: string;
}

export interface PongFrame {
  /** The service's time: ISO, or epoch milliseconds. */
  serverTime?: string | number;
  heads?: Record<string, number>;
  notSubscribed?: string[];
}

/** Any JSON object from the service, before its `type` is looked at. */
export interface Frame {
  type?: string;
  ackId?: string;
  [field: string]: unknown;
}

/** The application protocol; the token travels as the entry after it, since URLs leak into logs. */
export const SUBPROTOCOL = 'notification.v1';

/** Most chats one `subscribe` or `unsubscribe` frame may name. */
export const CHATS_PER_SUBSCRIBE = 100;

/** Most positions one `ping` may carry. */
export const CHATS_PER_PING = 50;

/**
 * Largest frame the client sends, in UTF-8 bytes. API Gateway closes the socket at 32 KB and browsers do not fragment.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
 */
export const MAX_FRAME_BYTES = 30 * 1024;

/** Names the service accepts for a chat. */
export const CHAT_ID = /^[A-Za-z0-9\-_.:@]{1,128}$/;

/** Tells a message from API Gateway's own untyped error frames (`{message, connectionId, requestId}`). */
export function isMessage(frame: Frame | Message): frame is Message {
  return typeof frame.chatId === 'string' && typeof frame.messageId === 'string';
}
