import { Failure } from '../failure.ts';
import { type Json, sizeOf } from '../json.ts';

/** Input or output of a task, a state or an execution (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
export const maxPayloadBytes = 262_144;

/** All variables of an execution together (same page). */
export const maxVariablesBytes = 10 * 1024 * 1024;

/** Concurrent iterations of an inline Map (https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html). */
export const maxMapConcurrency = 40;

/** @throws Failure States.DataLimitExceeded, naming what is too large */
export function requirePayload(value: Json, what: string): void {
  const size = sizeOf(value);
  if (size <= maxPayloadBytes) return;
  throw new Failure(
    'States.DataLimitExceeded',
    `${what} has a size of ${size} bytes, exceeding the maximum number of bytes service limit of ${maxPayloadBytes}.`,
  );
}
