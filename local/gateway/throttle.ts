/** Requests a second on average, and how many may come at once. */
export type Limits = { rateLimit: number; burstLimit: number };

/** API Gateway's throttling of one stage: a token bucket for each route that has limits of its own, and one for all others. */
export class Throttles {
  readonly #stage?: TokenBucket;
  readonly #routes: Map<string, TokenBucket>;

  constructor(stage: Limits | undefined, routes: Map<string, Limits | undefined> = new Map()) {
    if (stage) this.#stage = new TokenBucket(stage);
    const limited = [...routes].flatMap(([key, limits]): [string, TokenBucket][] =>
      limits ? [[key, new TokenBucket(limits)]] : [],
    );
    this.#routes = new Map(limited);
  }

  /** Whether a request on this route may pass now; it is counted if so. */
  allow(routeKey: string): boolean {
    return (this.#routes.get(routeKey) ?? this.#stage)?.take() ?? true;
  }
}

class TokenBucket {
  readonly #limits: Limits;
  #tokens: number;
  #filledAt = Date.now();

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#tokens = limits.burstLimit;
  }

  take(): boolean {
    const now = Date.now();
    const refill = ((now - this.#filledAt) / 1000) * this.#limits.rateLimit;
    this.#tokens = Math.min(this.#limits.burstLimit, this.#tokens + refill);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
