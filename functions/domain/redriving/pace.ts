import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from './order.ts';

/**
 * Keeps a redrive to its rate: between the ends of two batches' sends there is as much time as the letters of the first
 * may take. Whole seconds are waited out by Step Functions, which cannot wait for less
 * (https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html), the others here.
 */
export class Pace {
  readonly #maxPerSecond: number;
  readonly #startAt: number;

  /** @param startAt epoch milliseconds, before which no letter may go. */
  constructor({ maxPerSecond }: Pick<Order, 'maxPerSecond'>, startAt = 0) {
    this.#maxPerSecond = maxPerSecond;
    this.#startAt = startAt;
  }

  /** Waits, for less than a second, until letters may go. */
  async turn(): Promise<void> {
    const ahead = this.#startAt - Date.now();
    if (ahead > 0) await sleep(Math.min(ahead, 1000));
  }

  /** When the next letters may go after so many that went now, if whoever asks for batches does not see to it. */
  resumeAfter(letters: number): number | undefined {
    const pause = this.#pauseMs(letters);
    return pause > 0 && pause < 1000 ? Date.now() + pause : undefined;
  }

  /** How long to wait before the next batch. */
  waitSeconds(letters: number): number {
    return Math.floor(this.#pauseMs(letters) / 1000);
  }

  #pauseMs(letters: number): number {
    return Math.ceil((1000 * letters) / this.#maxPerSecond);
  }
}
