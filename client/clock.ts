/** Time, as the library sees it; tests bring their own. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** Longest delay a timer can hold; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Calls back after `ms`; the function it returns cancels that. */
export function after(clock: Clock, ms: number, callback: () => void): () => void {
  const timer = clock.setTimeout(callback, Math.min(ms, LONGEST_DELAY_MS));
  return () => clock.clearTimeout(timer);
}

/** Settles with the promise, or rejects with the signal's reason if that aborts first. Leaves no listener behind. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Resolves after `ms`; rejects with the signal's reason if that aborts first. Leaves no timer behind. */
export async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  let cancel = (): void => {};
  try {
    await abortable(new Promise<void>((resolve) => (cancel = after(clock, ms, resolve))), signal);
  } finally {
    cancel();
  }
}

/** Resolves when the promise settles, or after `ms`, whichever is first. Leaves no timer behind. */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  let cancel = (): void => {};
  await Promise.race([promise.catch(() => {}), new Promise<void>((resolve) => (cancel = after(clock, ms, resolve)))]);
  cancel();
}

export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A promise settled from outside. Nobody has to listen: its rejection is never reported as unhandled. */
export function deferred<T>(): Deferred<T> {
  let settle!: Pick<Deferred<T>, 'resolve' | 'reject'>;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  promise.catch(() => {});
  return { promise, ...settle };
}
