import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { functionNames } from '../../build/functions.ts';
import { bundleAsShipped, bundleCarelessly } from '../harness/bundle.ts';
import type { Bench, BenchContext, Result } from '../harness/result.ts';
import { median, round } from '../harness/statistics.ts';
import { readStack } from '../stand/assembly.ts';

const ways = ['shipped', 'careless'] as const;
type Way = (typeof ways)[number];

/** What loading a bundle once cost a fresh process. */
interface Loading {
  ms: number;
  cpuMs: number;
  megabytes: number;
}

/** One function, bundled in both ways, and how it loaded, round by round. */
interface Subject {
  name: string;
  environment: Record<string, string>;
  bundles: Record<Way, string>;
  loadings: Record<Way, Loading[]>;
}

/** The largest that a bundle may be, in bytes. The authorizer stands before every connection. */
const authorizer = 'websocket-authorizer';
const most = { authorizer: 60_000, others: 500_000 };

/** Functions that call AWS by hand, or not at all. */
const withoutSdk = [authorizer, 'report'];

const plans = { full: { rounds: 15 }, tiny: { rounds: 1 } };

export const coldStart: Bench = {
  name: 'cold-start',
  title: 'Loading a function',

  async run(context) {
    const subjects = await prepare(context);
    const node: Loading[] = [];
    for (let done = 0; done < plans[context.size].rounds; done += 1) {
      for (const { name, bundles, environment, loadings } of subjects) {
        for (const way of ways)
          loadings[way].push(await load(`import(${JSON.stringify(bundles[way])})`, environment, name));
      }
      node.push(await load(`[require('node:crypto'), require('node:https')]`, {}, 'node'));
      context.progress(`round ${done + 1}`);
    }
    return resultOf(subjects, node);
  },
};

async function prepare({ root, scratch, assembly, size }: BenchContext): Promise<Subject[]> {
  const { functions } = readStack(assembly);
  const names = functionNames(root).filter((name) => size === 'full' || name === authorizer);
  return Promise.all(
    names.map(async (name) => {
      const handler = `functions/${name}/handler.ts`;
      const bundles = { shipped: join(scratch, `${name}.mjs`), careless: join(scratch, `${name}.cjs`) };
      await bundleAsShipped(root, handler, bundles.shipped);
      await bundleCarelessly(root, handler, bundles.careless);
      const environment = functions.get(name)?.environment ?? {};
      return { name, environment, bundles, loadings: { shipped: [], careless: [] } };
    }),
  );
}

/** Evaluates an expression in a process of its own, as the Lambda runtime would: after Node has started. */
async function load(expression: string, env: Record<string, string>, name: string): Promise<Loading> {
  const script = `
    (async () => {
      const before = process.memoryUsage.rss();
      const usage = process.cpuUsage();
      const began = performance.now();
      const loaded = await (${expression});
      const ms = performance.now() - began;
      const { user, system } = process.cpuUsage(usage);
      const megabytes = (process.memoryUsage.rss() - before) / 1e6;
      if (loaded.length === undefined && typeof loaded.handler !== 'function') throw new Error('no handler');
      console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1000, megabytes }));
    })();`;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--eval', script], { env });
    return JSON.parse(stdout) as Loading;
  } catch (error) {
    throw new Error(`${name} did not load`, { cause: error });
  }
}

function resultOf(subjects: Subject[], node: Loading[]): Result {
  const middle = (loadings: readonly Loading[], field: keyof Loading): number =>
    round(median(loadings.map((loading) => loading[field])));
  /** Of loadings that were measured one right after the other. */
  const ratio = ({ loadings }: Subject, field: keyof Loading): number =>
    median(loadings.shipped.map((loading, index) => loading[field] / (loadings.careless[index]?.[field] ?? NaN)));
  const kilobytes = (file: string): number => Math.round(statSync(file).size / 1000);
  const large = subjects.filter(({ name }) => !withoutSdk.includes(name));
  const small = subjects.filter(({ name }) => withoutSdk.includes(name));
  const smallest = subjects.filter(({ name }) => name === authorizer);
  const largest = (of: readonly Subject[]): number =>
    Math.max(0, ...of.map(({ bundles }) => statSync(bundles.shipped).size));
  const slowest = (of: readonly Subject[]): number => Math.max(0, ...of.map((subject) => ratio(subject, 'ms')));
  return {
    tables: [
      {
        title: 'Bundles, and what importing one takes in a fresh process (median of the rounds)',
        columns: [
          ...['function', 'KB', 'careless', 'import, ms', 'careless', 'ratio', 'CPU, ms', 'careless', 'ratio'],
          ...['memory, MB', 'careless'],
        ],
        rows: [
          ...subjects.map((subject) => [
            subject.name,
            ...ways.map((way) => kilobytes(subject.bundles[way])),
            ...ways.map((way) => middle(subject.loadings[way], 'ms')),
            round(ratio(subject, 'ms'), 2),
            ...ways.map((way) => middle(subject.loadings[way], 'cpuMs')),
            round(ratio(subject, 'cpuMs'), 2),
            ...ways.map((way) => middle(subject.loadings[way], 'megabytes')),
          ]),
          [
            ...["Node's crypto and https alone", '', '', middle(node, 'ms'), '', '', middle(node, 'cpuMs'), '', ''],
            ...[middle(node, 'megabytes'), ''],
          ],
        ],
      },
    ],
    note:
      'The same handlers, bundled as they are deployed and as bundlers do by default: CommonJS, not minified, all of the AWS SDK as it comes. Time is that ' +
      'of the import in a process that has just started, without what Lambda does before: the container, the download of the code, Node itself. Lambda gives a ' +
      'function a share of a processor by its memory, so there the times are a multiple, and the ratio stays. Every function needs cryptography and TLS from ' +
      'Node, in the last row; the authorizer and report have little else in either way, so for them the ratio cannot come near a half.',
    figures: {
      largestBundleBytes: largest(subjects),
      authorizerBytes: largest(smallest),
      slowestRatio: round(slowest(large.length > 0 ? large : subjects)),
      authorizerRatio: round(slowest(smallest)),
    },
    goals: [
      { what: 'import time, shipped : careless, the worst with an SDK client', measured: slowest(large), atMost: 0.5 },
      { what: 'import time, shipped : careless, the worst without one', measured: slowest(small), atMost: 0.5 },
    ],
    checks: [
      { what: `no bundle over ${most.others / 1000} KB`, holds: largest(subjects) <= most.others },
      { what: `the authorizer's under ${most.authorizer / 1000} KB`, holds: largest(smallest) < most.authorizer },
    ],
  };
}
