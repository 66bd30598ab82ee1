import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What `npm start` can be told. */
export type StartOptions = {
  /** Port of everything a person or a client uses; 0 for any free one. */
  port: number;
  /** Folder for tables, queues, users and `outputs.json`. */
  dataFolder: string;
  /** Empty the data folder first. */
  fresh: boolean;
  /** Show a message going from socket to socket once ready. */
  demo: boolean;
  /** Whether to show what goes on; undefined: in a terminal, or after the demonstration. */
  summary?: boolean;
  /** A synthesized assembly to run instead of building and synthesizing one. */
  assembly?: string;
  /** How often a standard queue hands a message out twice, 0 to 1. */
  duplicates: number;
  /** How many seconds a minute of schedules, metrics and alarms takes. */
  minute: number;
  /** How many seconds the cloud's clock is ahead of the machine's. */
  clockOffset: number;
  /** Stop when the process that started this one is gone, as tests want it. */
  endWithParent: boolean;
};

export const usage = `npm start -- [options]
  --port N           port of everything a client uses (default 4510)
  --data FOLDER      where state lives (default .local)
  --fresh            start with empty tables and queues
  --no-demo          do not send a demonstration message
  --no-summary       do not show what goes on (--summary: do, though neither in a terminal nor after a demonstration)
  --duplicates P     share of standard messages delivered twice, 0 to 1 (default 0.01)
  --minute SECONDS   how long a minute of schedules and alarms takes (default 60)
  --assembly FOLDER  run an assembly that is already synthesized
  --clock-offset S   run with a clock that is S seconds ahead (default 0)
  --end-with-parent  stop when the process that started this one is gone`;

/** A year, in seconds. */
const longestOffset = 365 * 86_400;

/** @throws Error saying what was expected and what came */
export function readOptions(args: string[], root: string): StartOptions {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      port: { type: 'string', default: '4510' },
      data: { type: 'string', default: join(root, '.local') },
      fresh: { type: 'boolean', default: false },
      demo: { type: 'boolean', default: true },
      summary: { type: 'boolean' },
      assembly: { type: 'string' },
      duplicates: { type: 'string', default: '0.01' },
      minute: { type: 'string', default: '60' },
      'clock-offset': { type: 'string', default: '0' },
      'end-with-parent': { type: 'boolean', default: false },
    },
  });
  return {
    port: number('--port', values.port, 0, 65_535),
    dataFolder: values.data,
    fresh: values.fresh,
    demo: values.demo,
    summary: values.summary,
    assembly: values.assembly,
    duplicates: number('--duplicates', values.duplicates, 0, 1),
    minute: number('--minute', values.minute, 0.1, 3_600),
    clockOffset: number('--clock-offset', values['clock-offset'], 0, longestOffset),
    endWithParent: values['end-with-parent'],
  };
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text === '' || !(value >= least && value <= most)) {
    throw new Error(`${name} expects a number from ${least} to ${most}, and got ${JSON.stringify(text)}`);
  }
  return value;
}
