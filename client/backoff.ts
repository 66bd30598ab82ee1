import { sleep } from './clock.ts';
import { ServiceError } from './errors.ts';
import type { Settings } from './options.ts';

/** Bounds of an exponential back-off, in milliseconds. */
export interface BackoffBounds {
  baseMs: number;
  capMs: number;
}

/**
 * Full jitter: a random delay between 0 and min(cap, base x 2^attempt). After an outage 100,000 clients come back to an
 * API Gateway that takes 500 new connections a second, so they must not come together.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitter(attempt: number, { random, backoff }: Pick<Settings, 'random' | 'backoff'>): number {
  return random() * Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt, 30));
}

/** Waits before the next try of what failed with `error`, never less than a 429 asks for. Rejects when the signal aborts. */
export function pause(settings: Settings, attempt: number, signal: AbortSignal, error?: unknown): Promise<void> {
  const asked = error instanceof ServiceError ? (error.retryAfterMs ?? 0) : 0;
  return sleep(settings.clock, asked + fullJitter(asked ? 0 : attempt, settings), signal);
}
