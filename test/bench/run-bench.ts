import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from '../../bench/harness/report.ts';

const root = join(import.meta.dirname, '../..');

/** What a bench of this name reports when it does as little as it can, and what it printed. */
export async function runBench(name: string): Promise<{ report: Report; printed: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const json = join(folder, 'report.json');
  try {
    const args = ['bench/main.ts', name, '--tiny', '--assembly', join(root, 'dist/cdk.test'), '--json', json];
    const env = { ...process.env, NODE_OPTIONS: '', TMPDIR: folder, OUTPUTS: '' };
    const { stdout: printed } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      env,
      maxBuffer: 2 ** 24,
    });
    const [report, ...more] = JSON.parse(readFileSync(json, 'utf8')) as Report[];
    if (!report || more.length > 0) throw new Error(`${name} did not write one report.`);
    expect(readdirSync(folder)).toEqual(['report.json']);
    return { report, printed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** That a report has these figures, says where it was measured, and that all that must hold held. */
export function expectReport({ report, printed }: { report: Report; printed: string }, figures: string[]): void {
  expect(report.checks.filter(({ holds }) => !holds)).toEqual([]);
  expect(report.checks).not.toEqual([]);
  expect(Object.keys(report.figures)).toEqual(expect.arrayContaining(figures));
  for (const figure of figures) expect([figure, report.figures[figure]]).toEqual([figure, expect.any(Number)]);
  for (const { rows, columns } of report.tables) {
    expect(rows).not.toEqual([]);
    for (const row of rows) expect(row).toHaveLength(columns.length);
  }
  for (const { measured } of report.goals) expect(measured).toEqual(expect.any(Number));
  expect(report.machine).toEqual({
    node: process.version,
    processors: expect.any(String),
    loadBefore: expect.any(Number),
    loadAfter: expect.any(Number),
  });
  for (const text of [report.title, report.note]) expect(printed).toContain(text);
}
