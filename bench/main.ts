import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coldStart } from './cold-start/cold-start.ts';
import { commit } from './commit/commit.ts';
import { cost } from './cost/cost.ts';
import { endToEnd } from './end-to-end/end-to-end.ts';
import { fanOut } from './fan-out/fan-out.ts';
import { withReport } from './harness/doc.ts';
import { plainReport } from './harness/print.ts';
import { type Report, reportOf } from './harness/report.ts';
import type { Bench, Size } from './harness/result.ts';
import { overhead } from './overhead/overhead.ts';
import { scale } from './scale/scale.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/performance.md');

const benches: Bench[] = [fanOut, commit, endToEnd, coldStart, overhead, scale, cost];

const usage = `npm run bench -- [NAME ..] [options]
  NAME               ${benches.map(({ name }) => name).join(', ')}; all of them when none is named
  --json FILE        also write everything as JSON
  --doc              also put the tables into docs/performance.md
  --tiny             as little as shows that the benches work; the figures mean nothing
  --assembly FOLDER  run an assembly that is already synthesized, instead of building one`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      doc: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      assembly: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const wanted = positionals.length === 0 ? benches : positionals.map(benchNamed);
  const assembly = values.assembly ?? synthesize();
  const reports: Report[] = [];
  for (const bench of wanted) {
    const report = await run(bench, values.tiny ? 'tiny' : 'full', assembly);
    reports.push(report);
    console.log(`\n${plainReport(report)}\n`);
    // After each: a long run that is cut short leaves what it has.
    if (values.json) writeFileSync(values.json, `${JSON.stringify(reports, null, 2)}\n`);
    if (values.doc) writeFileSync(page, await withReport(readFileSync(page, 'utf8'), page, report));
  }
  if (reports.some(({ checks }) => checks.some(({ holds }) => !holds))) process.exitCode = 1;
}

function benchNamed(name: string): Bench {
  const bench = benches.find((each) => each.name === name);
  if (!bench) throw new Error(`There is no bench ${name}.\n${usage}`);
  return bench;
}

/** Builds the bundles and synthesizes the template as `npm run deploy` would for `dev`. */
function synthesize(): string {
  const folder = join(root, 'dist/cdk.bench');
  const env = { ...process.env, NODE_OPTIONS: '', CDK_OUTDIR: folder, CDK_VALIDATION: 'false' };
  for (const args of [['build/main.ts', 'functions', 'resolvers'], ['infra/app.ts']]) {
    execFileSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return folder;
}

/** Gives a bench a folder of its own, and removes it, however it ends. */
async function run(bench: Bench, size: Size, assembly: string): Promise<Report> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
  const remove = (): void => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', remove);
  const progress = (what: string): void => {
    if (process.stderr.isTTY) console.error(`${bench.name}: ${what}`);
  };
  try {
    return await reportOf(bench, { size, assembly, root, scratch, progress });
  } finally {
    remove();
    process.removeListener('exit', remove);
  }
}

await main();
