/** What went wrong, for a program: stable, unlike the text. */
export type ErrorCode =
  | 'closed'
  | 'connection-lost'
  | 'connection-refused'
  | 'token'
  | 'timeout'
  | 'service'
  | 'too-large'
  | 'invalid'
  | 'subscription-ended'
  | 'bad-frame';

/** Every error this library makes is one of these; `code` says which kind. */
export class NotificationError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = new.target.name;
    this.code = code;
  }
}

/** The service answered with an error; `statusCode` is HTTP's meaning of it. */
export class ServiceError extends NotificationError {
  readonly statusCode: number;
  /** How long the service asks us to wait, with 429. */
  readonly retryAfterMs: number | undefined;
  /** The failed AWS call's error name and request id, with 500. */
  readonly details: unknown;

  /** `frame`: the error frame's `error`, `statusCode`, `retryAfterMs` and `details`. */
  constructor(frame: Record<string, unknown>) {
    super('service', String(frame.error));
    this.statusCode = Number(frame.statusCode) || 500;
    this.retryAfterMs = typeof frame.retryAfterMs === 'number' ? frame.retryAfterMs : undefined;
    this.details = frame.details;
  }

  /** True when the same request may succeed later: throttled, or a failure on the service's side. */
  get transient(): boolean {
    return this.statusCode === 429 || this.statusCode >= 500;
  }
}

/** A send had no answer within its deadline. It may still have arrived: to try again, send with the same `messageId`. */
export class SendTimeoutError extends NotificationError {
  readonly messageId: string;
  /** How many times the message went out; 0 means that it certainly did not arrive. */
  readonly attempts: number;

  constructor(messageId: string, attempts: number, cause: unknown) {
    super('timeout', `No answer within the deadline after ${attempts} attempts to send ${messageId}`, cause);
    this.messageId = messageId;
    this.attempts = attempts;
  }
}

/** Why the socket did not open, as far as one can know: a browser tells a refusal from an outage by nothing but 1006. */
export type RefusalReason = 'token-expired' | 'unauthorized' | 'forbidden' | 'unreachable' | 'unknown';

/** The socket did not open. Fatal only after two `unauthorized` in a row, the second with a fresh token. */
export class ConnectionRefusedError extends NotificationError {
  readonly reason: RefusalReason;
  readonly status: number | undefined;

  constructor(reason: RefusalReason, status?: number, cause?: unknown) {
    super('connection-refused', `Connection refused: ${reason}${status ? ` (${status})` : ''}`, cause);
    this.reason = reason;
    this.status = status;
  }
}

/** The subscription is over: refused, revoked, or its reader was too slow. `reason` says which. */
export class SubscriptionEndedError extends NotificationError {
  readonly chatId: string;
  readonly reason: 'refused' | 'revoked' | 'slow-reader' | 'unsubscribed';

  constructor(chatId: string, reason: 'refused' | 'revoked' | 'slow-reader' | 'unsubscribed', text: string) {
    super('subscription-ended', `${chatId}: ${reason}: ${text}`);
    this.chatId = chatId;
    this.reason = reason;
  }
}
