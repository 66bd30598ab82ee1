/** A line waits this long for others at most. */
const patienceMs = 50;

/**
 * From now on what is written to the log is handed to the system together: to write a line costs it more than to make one.
 * A function that hangs has written what is older than a moment; lines on stderr, warnings and errors, are not held.
 * https://nodejs.org/api/stream.html#writablecork
 *
 * @returns writes what waits, and ends this. To be called before Lambda freezes the environment.
 */
export function holdLines(): () => void {
  const { stdout } = process;
  const write = (): void => stdout.uncork();
  const writeAndHold = (): void => {
    write();
    stdout.cork();
  };
  stdout.cork();
  process.once('exit', write);
  const timer = setInterval(writeAndHold, patienceMs).unref();
  return () => {
    clearInterval(timer);
    process.removeListener('exit', write);
    write();
  };
}
