/** Requests a second, and how many may come at once. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** A token bucket in virtual time, which remembers how many it let through in each second. */
export class TokenBucket {
  refused = 0;
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #passed = new Map<number, number>();
  #tokens: number;
  #filledAt = 0;

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#tokens = rate.burst;
  }

  take(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.#rate.perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) {
      this.refused += 1;
      return false;
    }
    this.#tokens -= 1;
    const second = Math.floor(now / 1000);
    this.#passed.set(second, (this.#passed.get(second) ?? 0) + 1);
    return true;
  }

  /** The most that passed in any one second of the clock. */
  get mostInASecond(): number {
    return Math.max(0, ...this.#passed.values());
  }
}
