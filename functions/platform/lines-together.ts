/** A line waits this long for others at most. */
const patienceMs = 50;

let isHolding = false;
let timer: NodeJS.Timeout | undefined;

/**
 * From now on what is written to the log is handed to the system together: to write a line costs it more than to make one.
 * A function that hangs has written what is older than a moment; lines on stderr, warnings and errors, are not held.
 * https://nodejs.org/api/stream.html#writablecork
 *
 * @returns writes what waits, and ends this. To be called before Lambda freezes the environment.
 */
export function holdLines(): () => void {
  if (timer === undefined) {
    timer = setInterval(writeAndHold, patienceMs).unref();
    process.once('exit', write);
  }
  if (!isHolding) process.stdout.cork();
  isHolding = true;
  return write;
}

function write(): void {
  if (isHolding) process.stdout.uncork();
  isHolding = false;
}

function writeAndHold(): void {
  if (!isHolding) return;
  process.stdout.uncork();
  process.stdout.cork();
}
