export { createClient, type Client } from './client.ts';
export {
  ConnectionRefusedError,
  NotificationError,
  SendTimeoutError,
  ServiceError,
  SubscriptionEndedError,
  type ErrorCode,
  type RefusalReason,
} from './errors.ts';
export type { BackoffBounds } from './backoff.ts';
export type { Range } from './chat-stream.ts';
export type { Clock } from './clock.ts';
export type { ConnectionState } from './connection.ts';
export type { ClientEvents, Gap, Truncation } from './events.ts';
export type { ClientOptions } from './options.ts';
export type { OutgoingMessage, SendOptions } from './outbox.ts';
export type { Frame, Message, ReplayFrame, ReplayRange, SendReply } from './protocol.ts';
export type { SocketConstructor, SocketLike } from './session.ts';
export type { Position, SubscribeOptions, Subscription, SubscriptionHandlers } from './subscription.ts';
export type { TokenProvider, TokenRequest } from './token.ts';
