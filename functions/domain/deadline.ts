/** How long an invocation may go on. What is left when it has passed is handed on instead of done. */
export interface Deadline {
  hasPassed(): boolean;
}

/**
 * Time kept back at the end: the last post may take a second, and what is left must still reach the retry queue.
 *
 * @param remainingMs what Lambda says is left, in milliseconds.
 */
export function deadlineBefore(remainingMs: () => number, reserveMs = 2_500): Deadline {
  return { hasPassed: () => remainingMs() < reserveMs };
}
