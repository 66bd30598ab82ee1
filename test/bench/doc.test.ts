import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoPlace, withReport } from '../../bench/harness/doc.ts';
import type { Report } from '../../bench/harness/report.ts';

const page = join(import.meta.dirname, '../../docs/performance.md');

const report: Report = {
  name: 'sample',
  title: 'A sample',
  at: '2026-01-01T12:34:56.000Z',
  seconds: 7,
  machine: { node: 'v24.0.0', processors: '2 x Some', loadBefore: 0.1, loadAfter: 1.5 },
  tables: [{ title: 'Times', columns: ['what', 'ms'], rows: [['one', 1234.5]] }],
  note: 'It shows little.',
  figures: {},
  goals: [
    { what: 'ms', measured: 1234.5, atMost: 2000 },
    { what: 'more', measured: 1, atLeast: 2 },
  ],
  checks: [{ what: 'all', holds: true }],
};

test('a report takes the place of what stood between its markers, and nothing else', async () => {
  const before = "Words.\n\n<!-- bench:sample -->\n\nyesterday's figures\n\n<!-- /bench:sample -->\n\nMore words.\n";
  const after = await withReport(before, page, report);
  expect(after).toMatch(/^Words\.\n\n<!-- bench:sample -->\n\n.*\n\n<!-- \/bench:sample -->\n\nMore words\.\n$/s);
  expect(after).not.toContain('yesterday');
  expect(after).toContain('| one  | 1,230 |');
  expect(after).toContain('- met: ms: 1230 (goal: at most 2000)\n- missed: more: 1 (goal: at least 2)\n- holds: all');
  expect(after).toContain('2026-01-01 12:34 UTC, Node v24.0.0, 2 x Some, load 0.1 before and 1.5 after, 7 s');
  expect(await withReport(after, page, report)).toBe(after);
});

test('a page without a place for it is an error', async () => {
  await expect(withReport('Words.', page, report)).rejects.toThrow(NoPlace);
});

test('the page of performance has a place for every bench', async () => {
  const text = readFileSync(page, 'utf8');
  for (const name of ['fan-out', 'commit', 'end-to-end', 'cold-start', 'overhead', 'scale', 'cost']) {
    await withReport(text, page, { ...report, name });
  }
});
