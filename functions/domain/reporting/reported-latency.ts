import { decodeTime } from 'ulid';
import { InvalidRequest } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import type { ReportRequest } from '../protocol/report-request.ts';

/**
 * How long a message took to its reader, as the reader says: from the time in its id to its arrival. Both clocks follow the
 * service's, and may be a little off it.
 *
 * @param now epoch milliseconds.
 * @returns milliseconds, none below 0.
 * @throws InvalidRequest for what cannot have happened, or was long ago. What could have happened may still be made up.
 */
export function reportedLatency({ messageId, receivedAt }: ReportRequest, now: number): number {
  const received = Date.parse(receivedAt);
  const age = now - received;
  if (age < -limits.reportSkewMs || age > limits.reportAgeMs) {
    throw new InvalidRequest(
      `Invalid receivedAt: expected a time of the last ${limits.reportAgeMs / 60_000} minutes, got ${receivedAt}.`,
    );
  }
  const latency = received - decodeTime(messageId);
  if (latency < -limits.reportSkewMs || latency > limits.reportAgeMs) {
    throw new InvalidRequest(
      `Invalid receivedAt: expected at most ${limits.reportAgeMs / 60_000} minutes after the message was sent, got ${latency} ms.`,
    );
  }
  return Math.max(0, latency);
}
