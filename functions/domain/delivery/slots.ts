/**
 * Lets some tasks run at once; the others wait in the order they came. How many follows what API Gateway bears: half as
 * many when it throttles, one more for each full round that passes, as TCP does.
 */
export class Slots {
  readonly #most: number;
  readonly #least: number;
  readonly #waiting: (() => void)[] = [];
  #width: number;
  #running = 0;
  /** Ends of tasks since the width was last halved: those that ran then say nothing new. */
  #heardSinceHalved = 0;
  #passedSinceComplaint = 0;
  #lastComplaint: string | undefined;

  /** Starts with `most` at once, and never goes below `least`. */
  constructor(most: number, least = 4) {
    this.#most = most;
    this.#least = Math.min(least, most);
    this.#width = most;
  }

  /** How many tasks may run at once now. */
  get width(): number {
    return Math.floor(this.#width);
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.width) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#admit();
    }
  }

  /** A task went through. */
  passed(): void {
    this.#width = Math.min(this.#most, this.#width + 1 / this.#width);
    this.#heardSinceHalved += 1;
    this.#passedSinceComplaint += 1;
  }

  /**
   * A task was throttled. A connection that complains alone, while others pass, is not about all of them: API Gateway
   * says the same when the account's rate is used up and when one client's buffer is full.
   *
   * @param who the connection it was for.
   */
  throttled(who: string): void {
    const alone = who === this.#lastComplaint || this.#passedSinceComplaint >= this.width;
    this.#lastComplaint = who;
    this.#passedSinceComplaint = 0;
    this.#heardSinceHalved += 1;
    if (alone || this.#heardSinceHalved < this.width) return;
    this.#width = Math.max(this.#least, this.#width / 2);
    this.#heardSinceHalved = 0;
  }

  #admit(): void {
    while (this.#running < this.width) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#running += 1;
      next();
    }
  }
}
