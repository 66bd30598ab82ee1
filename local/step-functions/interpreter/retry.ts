import type { Catcher, Retrier } from '../definition/machine.ts';

/** Errors that no wildcard covers (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html). */
const terminal = ['States.DataLimitExceeded', 'States.Runtime'];

/**
 * Whether an ErrorEquals covers an error. States.ALL covers all but the terminal ones, States.TaskFailed those without States.Timeout.
 * States.Runtime "isn't retriable, and will always cause the execution to fail", even by name (same page).
 */
export function covers(errorEquals: readonly string[], error: string): boolean {
  if (error === 'States.Runtime') return false;
  if (errorEquals.includes(error)) return true;
  if (terminal.includes(error)) return false;
  return (
    errorEquals.includes('States.ALL') || (errorEquals.includes('States.TaskFailed') && error !== 'States.Timeout')
  );
}

/** The first Catch that covers an error. */
export function catcherOf(catchers: readonly Catcher[], error: string): Catcher | undefined {
  return catchers.find(({ errorEquals }) => covers(errorEquals, error));
}

/** Counts the retries of one visit to a state: each retrier has attempts of its own. */
export class Retries {
  readonly #retriers: readonly Retrier[];
  readonly #random: () => number;
  readonly #used = new Map<Retrier, number>();

  constructor(retriers: readonly Retrier[], random: () => number) {
    this.#retriers = retriers;
    this.#random = random;
  }

  /** How many milliseconds to wait before the next try after this error; undefined when there is none. */
  delayAfter(error: string): number | undefined {
    const retrier = this.#retriers.find(({ errorEquals }) => covers(errorEquals, error));
    if (!retrier) return undefined;
    const used = this.#used.get(retrier) ?? 0;
    if (used >= retrier.maxAttempts) return undefined;
    this.#used.set(retrier, used + 1);
    const seconds = Math.min(retrier.maxDelaySeconds, retrier.intervalSeconds * retrier.backoffRate ** used);
    return seconds * 1_000 * (retrier.jitter === 'FULL' ? this.#random() : 1);
  }
}
