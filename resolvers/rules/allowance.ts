/** Allowances are counted in fixed windows, so a counter costs one write and no read. */
export const windowSeconds = 10;

/** How long a counter outlives its window before DynamoDB may delete it. */
export const keptSeconds = 3600;

/** When the window began that a moment lies in. Both in epoch seconds. */
export function windowAt(seconds: number): number {
  return Math.floor(seconds / windowSeconds) * windowSeconds;
}

/** Milliseconds from a moment (epoch milliseconds) to the next window. */
export function untilNextWindow(milliseconds: number): number {
  return (windowAt(milliseconds / 1000) + windowSeconds) * 1000 - milliseconds;
}

/** Whose changes of permissions are counted: those who ask for them, whether they may or not. */
export function changesSubject(userId: string): string {
  return `permissions#${userId}`;
}
