import type { metricCatalogue } from '../../platform/metric-catalogue.ts';

/** Names of refusals: metrics count them by these. */
export type RefusalName = (typeof metricCatalogue.Refused.values)[number];

/**
 * What the service refuses, as errors. Each carries the status and the text of the error table in docs/protocol.md,
 * and whatever else the reply must hold; `errorReply` turns any error into a reply, in this one place.
 */
export abstract class ServiceError extends Error {
  abstract override readonly name: RefusalName;
  readonly statusCode: number;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(statusCode: number, message: string, extra: Record<string, unknown> = {}) {
    super(message);
    this.statusCode = statusCode;
    this.extra = extra;
  }
}

/** 400: the request does not say what it must, and no retry will change that. */
export class InvalidRequest extends ServiceError {
  override readonly name = 'InvalidRequest';

  constructor(message: string) {
    super(400, message);
  }
}

/** 401: nobody is known to be asking. */
export class Unauthorized extends ServiceError {
  override readonly name = 'Unauthorized';

  constructor(why: 'No user ID in context' | 'token expired' | 'invalid token') {
    super(401, `Unauthorized - ${why}`);
  }
}

/** 403: the one asking is known, and may not. */
export class Forbidden extends ServiceError {
  override readonly name = 'Forbidden';

  constructor(what: string) {
    super(403, `Forbidden: ${what}`);
  }
}

/** 409: the messageId belongs to another message; the sender must choose a new one. */
export class MessageIdConflict extends ServiceError {
  override readonly name = 'MessageIdConflict';

  constructor() {
    super(409, 'Conflict: messageId is already used.');
  }
}

/** 409: the part contradicts its group; no retry will change that. */
export class PartConflict extends ServiceError {
  override readonly name = 'PartConflict';

  constructor(expected: string, got: string) {
    super(409, `Conflict: payload.multiPartMetadata: expected ${expected}, got ${got}.`);
  }
}

/** 410: the socket is closed, or the service has given it up; whoever still has it should open another. */
export class ConnectionGone extends ServiceError {
  override readonly name = 'ConnectionGone';

  constructor() {
    super(410, 'Gone: this connection is closed; open a new one.');
  }
}

/** 413: the message could never be delivered in one piece. */
export class PayloadTooLarge extends ServiceError {
  override readonly name = 'PayloadTooLarge';

  constructor(bytes: number, most: number) {
    super(
      413,
      `Payload too large: the delivered message could be ${bytes} bytes, and at most ${most} are allowed. ` +
        'Split it into parts with payload.multiPartMetadata.',
    );
  }
}

/** 429: asked again after `retryAfterMs`, it may be let through. */
export class TooManyRequests extends ServiceError {
  override readonly name = 'TooManyRequests';

  constructor(retryAfterMs: number) {
    super(429, 'Too many requests', { retryAfterMs });
  }
}

/** An error as a reply tells it. Never an AWS message, an ARN or a stack. */
export interface ErrorReply {
  statusCode: number;
  error: string;
  [extra: string]: unknown;
}

/**
 * Maps any error to its reply. What is not ours is a failure of AWS or of this code: it is told as `failure`, with
 * the error's name and the id of the AWS request, or of this invocation when AWS never answered.
 */
export function errorReply(error: unknown, failure: string, invocationId: string): ErrorReply {
  if (error instanceof ServiceError) return { statusCode: error.statusCode, error: error.message, ...error.extra };
  const { name, $metadata } = error as { name?: string; $metadata?: { requestId?: string } };
  return {
    statusCode: 500,
    error: failure,
    details: { name: name ?? 'Error', requestId: $metadata?.requestId ?? invocationId },
  };
}
