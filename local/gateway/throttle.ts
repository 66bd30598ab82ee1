/** A token bucket as API Gateway's throttling is one: `rateLimit` requests a second on average, `burstLimit` at once. */
export class Throttle {
  readonly #rateLimit: number;
  readonly #burstLimit: number;
  #tokens: number;
  #filledAt = Date.now();

  constructor(rateLimit: number, burstLimit: number) {
    this.#rateLimit = rateLimit;
    this.#burstLimit = burstLimit;
    this.#tokens = burstLimit;
  }

  /** Takes one token; false when there is none, and the request is to be refused. */
  allows(): boolean {
    const now = Date.now();
    const refill = ((now - this.#filledAt) / 1000) * this.#rateLimit;
    this.#tokens = Math.min(this.#burstLimit, this.#tokens + refill);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
