/** How long an invocation may go on. What is left when it has passed is handed on instead of done. */
export interface Deadline {
  hasPassed(): boolean;
}

/** Kept back at the end: the last post may take a second, and what is left must still reach the retry queue. */
const reserveMs = 2_500;

/** A function with a short timeout keeps back less, or it would not get to do anything. */
const reserveShare = 0.4;

/** @param remainingMs what Lambda says is left, in milliseconds. */
export function deadlineBefore(remainingMs: () => number): Deadline {
  const reserve = Math.min(reserveMs, remainingMs() * reserveShare);
  return { hasPassed: () => remainingMs() < reserve };
}
