import { setImmediate } from 'node:timers/promises';

/** Time that passes at once when everybody waits, in whole milliseconds as timers do. */
export class VirtualClock {
  #now = 0;
  #waiting = 0;
  readonly #due = new Map<number, (() => void)[]>();

  readonly now = (): number => this.#now;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const at = Math.max(this.#now + 1, Math.ceil(this.#now + ms));
      const due = this.#due.get(at);
      if (due === undefined) this.#due.set(at, [resolve]);
      else due.push(resolve);
      this.#waiting += 1;
    });

  /**
   * Lets time pass until the work is done.
   *
   * @throws what the work throws; Error when it waits for something that is not time.
   */
  async pass<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const end = (): void => void (over = true);
    work.then(end, end);
    for (;;) {
      // Whatever the last moment set off comes to rest, promises of promises included.
      await setImmediate();
      if (over) return work;
      if (this.#waiting === 0) throw new Error('Everybody waits, and nobody for the clock.');
      while (!this.#due.has(this.#now)) this.#now += 1;
      const due = this.#due.get(this.#now) ?? [];
      this.#due.delete(this.#now);
      this.#waiting -= due.length;
      for (const wake of due) wake();
    }
  }
}
