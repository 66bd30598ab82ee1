import { format, resolveConfig } from 'prettier';
import { goalLine, markdownTable } from './print.ts';
import type { Report } from './report.ts';

/** Thrown when a page has no place for a bench. */
export class NoPlace extends Error {
  override readonly name = 'NoPlace';

  constructor(name: string) {
    super(`The page has no "<!-- bench:${name} -->" with a "<!-- /bench:${name} -->" after it.`);
  }
}

/**
 * Puts a report between the markers of its bench, instead of what stands there.
 *
 * @param page in Markdown, and the file it comes from, whose formatting rules it keeps.
 * @throws NoPlace
 */
export async function withReport(page: string, file: string, report: Report): Promise<string> {
  const [begin, end] = [`<!-- bench:${report.name} -->`, `<!-- /bench:${report.name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new NoPlace(report.name);
  const changed = `${page.slice(0, from + begin.length)}\n\n${markdownOf(report)}\n\n${page.slice(to)}`;
  return format(changed, { ...(await resolveConfig(file)), parser: 'markdown' });
}

function markdownOf({ tables, note, goals, checks, machine, at, seconds }: Report): string {
  const { node, processors, loadBefore, loadAfter } = machine;
  const met = goals.map((goal) => `- ${goalLine(goal)}`);
  const held = checks.map(({ what, holds }) => `- ${holds ? 'holds' : 'BROKEN'}: ${what}`);
  return [
    `_${at.slice(0, 16).replace('T', ' ')} UTC, Node ${node}, ${processors}, load ${loadBefore} before and ${loadAfter} after, ${seconds} s._`,
    ...tables.map(markdownTable),
    note,
    [...met, ...held].join('\n'),
  ].join('\n\n');
}
