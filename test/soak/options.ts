import { parseArgs } from 'node:util';

export type SoakOptions = {
  /** How long there is traffic. */
  minutes: number;
  /** How many clients listen and send. */
  sockets: number;
  /** Of a hundred AWS calls of the functions, how many something befalls. */
  faults: number;
};

export const usage = `npm run soak -- [options]
  --minutes N   how long there is traffic (default 5, at most 60)
  --sockets N   how many clients listen and send (default 200; 6 to 1000)
  --faults N    of a hundred AWS calls of the functions, how many something befalls (default 3, at most 20)`;

/** @throws Error saying what was expected and what came */
export function readOptions(args: string[]): SoakOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '5' },
      sockets: { type: 'string', default: '200' },
      faults: { type: 'string', default: '3' },
    },
  });
  return {
    minutes: number('--minutes', values.minutes, 0.05, 60),
    sockets: number('--sockets', values.sockets, 6, 1_000),
    faults: number('--faults', values.faults, 0, 20),
  };
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text === '' || !(value >= least && value <= most)) {
    throw new Error(`${name} expects a number from ${least} to ${most}, and got ${JSON.stringify(text)}`);
  }
  return value;
}
