const RealDate = Date;
let aheadMs = 0;

/** How far this thread's clock is ahead of the machine's, in milliseconds. */
export function clockAhead(): number {
  return aheadMs;
}

/**
 * Moves the clock of this thread: from now on `Date` tells a later time, to our code and to every library's. Timers keep
 * their pace. It is how a test sees what an hour makes of stored data without waiting for one.
 *
 * @param milliseconds 0 leaves the clock as it is
 */
export function moveClock(milliseconds: number): void {
  aheadMs = milliseconds;
  if (milliseconds === 0) return;
  const now = (): number => RealDate.now() + milliseconds;
  const MovedDate = new Proxy(RealDate, {
    construct: (target, args, newTarget): Date =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver): unknown => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  });
  RealDate.prototype.constructor = MovedDate;
  globalThis.Date = MovedDate;
}
