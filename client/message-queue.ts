import { type Deferred, deferred } from './clock.ts';
import type { Message } from './protocol.ts';

/** From this many waiting messages on, replay waits for the reader. */
const HIGH_WATER = 1_000;

/** More waiting messages than this end the subscription: the reader is told, instead of losing some in silence. */
export const MAX_WAITING = 10_000;

/** Messages waiting for a `for await` loop. */
export class MessageQueue implements AsyncIterator<Message, undefined> {
  #messages: Message[] = [];
  #waiting: Deferred<undefined>[] = [];
  #drained: Deferred<undefined> | undefined;
  #end: { error: Error | undefined } | undefined;
  readonly #onReturn: () => void;

  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#messages.length;
  }

  push(message: Message): void {
    this.#messages.push(message);
    this.#waiting.shift()?.resolve(undefined);
  }

  /** No more messages come; those that wait are still read, then the loop ends, with the error if there is one. */
  end(error?: Error): void {
    this.#end ??= { error };
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(undefined);
    this.#drained?.resolve(undefined);
  }

  /** Resolves when there is room for a page of replayed messages. */
  async room(): Promise<void> {
    if (this.size >= HIGH_WATER && !this.#end) await (this.#drained ??= deferred<undefined>()).promise;
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    for (;;) {
      const value = this.#messages.shift();
      if (this.size < HIGH_WATER / 2) {
        this.#drained?.resolve(undefined);
        this.#drained = undefined;
      }
      if (value) return { value, done: false };
      if (this.#end) {
        const { error } = this.#end;
        this.#end = { error: undefined };
        if (error) throw error;
        return { value: undefined, done: true };
      }
      const waiting = deferred<undefined>();
      this.#waiting.push(waiting);
      await waiting.promise;
    }
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    this.#messages = [];
    this.end();
    this.#onReturn();
    return { value: undefined, done: true };
  }
}
