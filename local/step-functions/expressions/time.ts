import jsonata from 'jsonata';
import type { Bindings } from './expression.ts';

const format = jsonata('$fromMillis($at, $picture, $timezone)');

/** `$now` and `$millis` as of one moment: within an expression time stands still, as JSONata has it. */
export function timeBindings(at: number): Bindings {
  return {
    millis: () => at,
    now: (picture?: string, timezone?: string) => format.evaluate(undefined, { at, picture, timezone }),
  };
}
