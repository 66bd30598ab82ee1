import buildOnce from '../setup/build-once.ts';
import { readOptions, usage } from './options.ts';
import { soak } from './soak.ts';
import { summaryOf } from './summary.ts';

/** `npm run soak`: ends with 1 when a promise was broken. */
async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return console.log(usage);
  const options = readOptions(args);
  console.log('Building and synthesizing ..');
  buildOnce();
  const verdict = await soak(options, (line) => console.log(line));
  console.log(`\n${summaryOf(verdict)}`);
  if (verdict.breaches.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  const misused = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(misused ? `${error.message}\n\n${usage}` : error);
  process.exitCode = 1;
});
