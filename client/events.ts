import type { Range } from './chat-stream.ts';
import type { ConnectionState } from './connection.ts';
import type { Emitter } from './emitter.ts';
import type { NotificationError } from './errors.ts';
import type { Frame, Message } from './protocol.ts';

/** A range of one chat's numbers. */
export interface Gap extends Range {
  chatId: string;
}

/** What a subscription lost for good, and why: history had expired, kept saying "not yet", or was numbered anew. */
export interface Truncation extends Gap {
  reason: 'expired' | 'unavailable' | 'reset';
}

/** The client's events, by name. */
export interface ClientEvents {
  state: { state: ConnectionState; previous: ConnectionState; error: NotificationError | undefined };
  /** A message of a chat that was not subscribed here, as it came: the user's own channel needs no subscription. */
  message: Message;
  /** A message of a subscribed chat, right before its subscription gets it. */
  delivered: Message;
  /** Something failed that no promise tells; the client goes on, unless the state says otherwise. */
  error: NotificationError;
  /** Access to a chat was taken away; its subscription is over. */
  revoked: { chatId: string; reason: string };
  /** The service would not subscribe this chat; its subscription is over. */
  refused: { chatId: string; error: string };
  /** Numbers are missing; they are being replayed. */
  gap: Gap;
  /** What was missing is delivered, except for what `truncated` told. */
  gapFilled: Gap;
  /** Some or all of these numbers are lost for good; delivery goes on after them. */
  truncated: Truncation;
  /** A frame of a type this version does not know. */
  unknown: Frame;
}

export type Events = Emitter<ClientEvents>;
