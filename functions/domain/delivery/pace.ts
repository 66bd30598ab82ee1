import { setTimeout as sleep } from 'node:timers/promises';

/** Spaces tasks evenly: so many a second, and no more, whatever has been saved up. */
export class Pace {
  readonly #intervalMs: number;
  #nextAt = 0;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
  }

  /** Waits for one's turn; turns are given in the order they are asked for. */
  async turn(): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#intervalMs;
    // Timers count in whole milliseconds: those that are due within the next one go together.
    if (at - now >= 1) await sleep(at - now);
  }
}
