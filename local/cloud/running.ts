/** Something that was started. */
export type Part = { stop(): Promise<void> };

/** What has been started so far. What began last leans on what began before it, and so is stopped first. */
export class Running {
  readonly #parts: Part[] = [];
  #stopping = false;

  get isStopping(): boolean {
    return this.#stopping;
  }

  add<Started extends Part>(part: Started): Started {
    this.#parts.push(part);
    return part;
  }

  /**
   * Waits for parts that start side by side. Those that did are to be stopped even if another did not.
   * @throws what the first of those that did not start threw
   */
  async addAll<Started extends readonly Part[]>(starting: {
    readonly [Index in keyof Started]: Promise<Started[Index]>;
  }): Promise<Started> {
    const outcomes = await Promise.allSettled<Part>(starting);
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') this.add(outcome.value);
    return Promise.all(starting) as Promise<unknown> as Promise<Started>;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) await part.stop();
  }
}
