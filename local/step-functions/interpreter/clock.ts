import { setTimeout as delay } from 'node:timers/promises';

/** Time as executions see it. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects when the signal says so. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Calls back once, unless cancelled by what it gives. */
  after(milliseconds: number, callback: () => void): () => void;
};

export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
