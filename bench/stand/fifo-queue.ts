/** How a function reads a FIFO queue, and what time is. */
export interface Reading<T> {
  /** Messages at once. */
  batchSize: number;
  groupOf(message: T): string;
  /** Milliseconds that receiving takes, and deleting. */
  callMs: number;
  sleep(ms: number): Promise<unknown>;
}

/** Processes a batch; gives the messages that must come again, and after how many milliseconds. */
export type Reader<T> = (batch: T[]) => Promise<{ again: T[]; afterMs: number }>;

/**
 * A FIFO queue as Lambda reads it: a group whose messages are out is locked until they are done.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
 */
export class FifoQueue<T> {
  readonly #reading: Reading<T>;
  readonly #groups = new Map<string, T[]>();
  readonly #locked = new Set<string>();
  readonly #batches: number[] = [];
  #wake = (): void => undefined;
  #open = true;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
  }

  /** How many messages each batch had that was taken. */
  get batches(): readonly number[] {
    return this.#batches;
  }

  put(...messages: T[]): void {
    for (const message of messages) {
      const name = this.#reading.groupOf(message);
      const group = this.#groups.get(name);
      if (group === undefined) this.#groups.set(name, [message]);
      else group.push(message);
    }
    this.#wake();
  }

  /** No more will be put: `drain` ends when the last message is done. */
  close(): void {
    this.#open = false;
    this.#wake();
  }

  /**
   * Hands batches to readers, the one that has been idle for longest first, until the queue is closed and empty.
   *
   * @throws what a reader throws.
   */
  async drain(readers: readonly Reader<T>[]): Promise<void> {
    const idle = [...readers];
    const working = new Set<Promise<void>>();
    for (;;) {
      const batch = idle.length > 0 ? this.#take() : [];
      const reader = batch.length > 0 ? idle.shift() : undefined;
      if (reader !== undefined) {
        const work = this.#process(batch, reader).then(() => {
          idle.push(reader);
          working.delete(work);
        });
        working.add(work);
      } else if (!this.#open && this.#groups.size === 0) {
        return;
      } else {
        await Promise.race([...working, new Promise<void>((resolve) => (this.#wake = resolve))]);
      }
    }
  }

  async #process(batch: T[], reader: Reader<T>): Promise<void> {
    const { callMs, sleep, groupOf } = this.#reading;
    await sleep(callMs);
    const { again, afterMs } = await reader(batch);
    const groups = new Set(batch.map(groupOf));
    const blocked = Map.groupBy(again, groupOf);
    await sleep(callMs);
    for (const name of groups) if (!blocked.has(name)) this.#unlock(name, []);
    if (blocked.size === 0) return;
    // The reader is free meanwhile.
    void sleep(afterMs).then(() => {
      for (const [name, messages] of blocked) this.#unlock(name, messages);
      this.#wake();
    });
  }

  #take(): T[] {
    const { batchSize } = this.#reading;
    const batch: T[] = [];
    for (const [name, messages] of this.#groups) {
      if (batch.length === batchSize) break;
      if (messages.length === 0 || this.#locked.has(name)) continue;
      this.#locked.add(name);
      batch.push(...messages.splice(0, batchSize - batch.length));
    }
    if (batch.length > 0) this.#batches.push(batch.length);
    return batch;
  }

  /** The group goes to the end: nobody is served twice before the others are served once. */
  #unlock(name: string, returned: T[]): void {
    const left = [...returned, ...(this.#groups.get(name) ?? [])];
    this.#locked.delete(name);
    this.#groups.delete(name);
    if (left.length > 0) this.#groups.set(name, left);
  }
}
