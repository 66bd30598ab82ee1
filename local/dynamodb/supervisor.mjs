// Runs a command for exactly as long as this process's standard input stays open.
//
// The embedded cloud holds the other end of that pipe. However it ends, kill -9 included, the kernel closes the pipe, and
// the command is stopped with it: no engine is left behind holding a port and the data file. Plain JavaScript, because
// stripping types would more than double its 25 ms start.
import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers';

const GRACE_MS = 2_000;
const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });

child.on('error', (error) => {
  console.error(`${command}: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));

function stop() {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
}
process.stdin.on('end', stop).on('error', stop).resume();
process.on('SIGTERM', stop);
