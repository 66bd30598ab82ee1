import { EvaluationFailure } from '../failure.ts';
import type { Json } from '../json.ts';

/** A field of another type or range than it must have: a failure of evaluation, as Step Functions reports it. */
export function unexpected(location: string, expected: string, value: Json | undefined): EvaluationFailure {
  return new EvaluationFailure(
    location,
    `The field '${location}' expects ${expected}, and got ${JSON.stringify(value)}.`,
  );
}

export function isWhole(value: Json | undefined, least: number, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}
