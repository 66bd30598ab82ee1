import type { Figures } from './figures.ts';
import { alarmsText, clockText, latencyText, numberText, queuesText, rateText } from './words.ts';

/** The rows of the summary on a screen. */
export function pictureOf(figures: Figures, demoPage: string): string[] {
  const { connections, publishedLastMinute, deadLetters, failedExecutions } = figures;
  const rows: [string, string][] = [
    ['Connections', numberText(connections)],
    ['Messages', `${rateText(figures)} a second, ${numberText(publishedLastMinute)} in the last minute`],
    ['Publish to post', `${latencyText(figures)} in the last minute`],
    ['Queues', queuesText(figures)],
    ['Dead letters', deadLetters === 0 ? 'none' : `${numberText(deadLetters)} waiting: docs/operations.md`],
    ['Executions', failedExecutions === 0 ? 'none failed' : `${numberText(failedExecutions)} failed`],
    ['Alarms ringing', alarmsText(figures)],
  ];
  return [
    `-- ${clockText(figures)} -- ${demoPage} ${'-'.repeat(40)}`,
    ...rows.map(([name, value]) => `  ${name.padEnd(17)}  ${value}`),
  ];
}
