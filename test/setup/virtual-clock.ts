import type { Clock } from '../../local/step-functions/interpreter/clock.ts';

type Waiting = { due: number; wake: () => void; hurries: boolean };

/**
 * A clock on which waits pass at once: whenever nothing else is to do, time jumps to the end of the shortest wait. It starts at the present
 * and otherwise stands still.
 */
export function virtualClock(start = Date.now()): Clock & {
  /** What was slept, in milliseconds, in the order the waits began. */
  readonly slept: readonly number[];
} {
  let now = start;
  let waiting: Waiting[] = [];
  const slept: number[] = [];
  const wait = (milliseconds: number, hurries: boolean, wake: () => void): (() => void) => {
    const entry = { due: now + milliseconds, hurries, wake };
    waiting.push(entry);
    return () => {
      waiting = waiting.filter((candidate) => candidate !== entry);
    };
  };
  /** Timers alone do not make time pass: what they guard takes none. */
  const advance = (): void => {
    const next = waiting.filter(({ hurries }) => hurries).sort((one, other) => one.due - other.due)[0];
    if (!next) return;
    now = Math.max(now, next.due);
    const due = waiting.filter((candidate) => candidate.due <= now).sort((one, other) => one.due - other.due);
    waiting = waiting.filter((candidate) => !due.includes(candidate));
    for (const { wake } of due) wake();
  };
  return {
    slept,
    now: () => now,
    sleep(milliseconds, signal) {
      signal.throwIfAborted();
      slept.push(milliseconds);
      return new Promise((resolve, reject) => {
        const cancel = wait(milliseconds, true, resolve);
        signal.addEventListener('abort', () => {
          cancel();
          reject(signal.reason as Error);
        });
        setImmediate(advance);
      });
    },
    after: (milliseconds, callback) => wait(milliseconds, false, callback),
  };
}
