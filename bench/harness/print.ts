import type { Report } from './report.ts';
import { type Goal, isMet, type Table } from './result.ts';
import { round } from './statistics.ts';

/** A report for a terminal. */
export function plainReport({ title, tables, note, goals, checks, machine, seconds, at }: Report): string {
  const { node, processors, loadBefore, loadAfter } = machine;
  return [
    `## ${title}`,
    `${at}, Node ${node}, ${processors}, load ${loadBefore} before and ${loadAfter} after, ${seconds} s`,
    ...tables.map(plainTable),
    note,
    [...goals.map(goalLine), ...checks.map(({ what, holds }) => `${holds ? 'holds' : 'BROKEN'}: ${what}`)].join('\n'),
  ].join('\n\n');
}

/** A table for a terminal: words to the left, numbers to the right. */
export function plainTable({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows.map(textsOf)];
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, index) =>
        isNumeric(rows, index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const [heading = '', ...body] = lines;
  return [title, '', heading, '-'.repeat(heading.length), ...body].join('\n');
}

/** The same in Markdown. */
export function markdownTable({ title, columns, rows }: Table): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  const rules = columns.map((_column, index) => (isNumeric(rows, index) ? '---:' : '---'));
  return [`**${title}**`, '', line(columns), line(rules), ...rows.map((row) => line(textsOf(row)))].join('\n');
}

/** A goal, and whether it was met. */
export function goalLine(goal: Goal): string {
  const { what, measured, atMost, atLeast } = goal;
  const wanted = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  return `${isMet(goal) ? 'met' : 'missed'}: ${what}: ${round(measured)} (goal: ${wanted})`;
}

function textsOf(row: readonly (string | number)[]): string[] {
  return row.map((cell) => (typeof cell === 'number' ? numberText(cell) : cell));
}

function numberText(value: number): string {
  return Number.isFinite(value) ? round(value).toLocaleString('en-US', { maximumSignificantDigits: 3 }) : '-';
}

function isNumeric(rows: Table['rows'], index: number): boolean {
  return rows.some((row) => typeof row[index] === 'number');
}
