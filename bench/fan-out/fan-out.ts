import { join } from 'node:path';
import { bundleAsShipped } from '../harness/bundle.ts';
import { Child } from '../harness/child.ts';
import type { Bench, Result } from '../harness/result.ts';
import { median, round } from '../harness/statistics.ts';
import type { PosterApi } from './poster.ts';
import type { StubApi } from './stub.ts';

const variants = ['bare', 'service', 'sdk'] as const;
type Name = (typeof variants)[number];

const titles: Record<Name, string> = {
  bare: 'bare POST loop',
  service: 'fan-out of the service',
  sdk: 'SDK client + Promise.all',
};

interface Plan {
  connections: number[];
  rounds: number;
  /** Posts of one round of one variant, at least: a message to few is sent often. */
  posts: number;
  warmUp: number;
}

const plans: Record<'full' | 'tiny', Plan> = {
  full: { connections: [1, 10, 100, 1_000, 10_000], rounds: 5, posts: 2_000, warmUp: 3_000 },
  tiny: { connections: [1, 10, 50], rounds: 1, posts: 50, warmUp: 10 },
};

/** What one size cost one variant, round by round. */
interface Measured {
  cpuMs: number[];
  perSecond: number[];
}

export const fanOut: Bench = {
  name: 'fan-out',
  title: 'One message to many connections',

  async run({ size, root, scratch, progress }) {
    const plan = plans[size];
    const stub = new Child<StubApi>(join(import.meta.dirname, 'stub.ts'));
    const children: { stop(): Promise<void> }[] = [stub];
    try {
      const start = await posterStarter(root, scratch, await stub.ask('port'));
      const posters = new Map(variants.map((name) => [name, start(name)]));
      children.push(...posters.values());
      for (const poster of posters.values()) await poster.ask('run', { connections: 10, messages: plan.warmUp / 10 });
      await stub.ask('collect');

      const complete: boolean[] = [];
      const costs = new Map<string, Measured>();
      for (const connections of plan.connections) {
        const messages = Math.max(1, Math.ceil(plan.posts / connections));
        for (let done = 0; done < plan.rounds; done += 1) {
          for (const [name, poster] of posters) {
            const { cpuMs, wallMs, posts } = await poster.ask('run', { connections, messages });
            const got = await stub.ask('collect');
            complete.push(got.connections === connections && got.least === messages && got.most === messages);
            const cost = costs.get(key(name, connections)) ?? { cpuMs: [], perSecond: [] };
            costs.set(key(name, connections), cost);
            cost.cpuMs.push(cpuMs / posts);
            cost.perSecond.push((posts / wallMs) * 1000);
          }
        }
        progress(`${connections} connections`);
      }
      const memory = await memories(plan, start, children);
      return resultOf(plan, costs, memory, complete.every(Boolean));
    } finally {
      await Promise.all(children.map((child) => child.stop()));
    }
  },
};

function key(name: Name, connections: number): string {
  return `${name} ${connections}`;
}

/** Makes processes that post in one of the ways each. */
async function posterStarter(root: string, scratch: string, port: number) {
  const bundleOf = (name: Name): string => join(scratch, `${name}.mjs`);
  for (const name of variants) await bundleAsShipped(root, `bench/fan-out/${name}.ts`, bundleOf(name));
  return (name: Name, flags: string[] = []): Child<PosterApi> =>
    new Child<PosterApi>(join(import.meta.dirname, 'poster.ts'), {
      flags,
      env: {
        BUNDLE: bundleOf(name),
        WEBSOCKET_ENDPOINT: `http://127.0.0.1:${port}/dvl`,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'ASIAIOSFODNN7EXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        AWS_SESSION_TOKEN: 'x'.repeat(400),
        // What lines cost is another bench's matter.
        LOG_LEVEL: 'SILENT',
      },
    });
}

type Memory = { live: number; resident: number };

/** In processes of their own: looking at memory costs time. */
async function memories(
  { connections, warmUp, rounds }: Plan,
  start: Awaited<ReturnType<typeof posterStarter>>,
  children: { stop(): Promise<void> }[],
): Promise<Map<string, Memory>> {
  const found = new Map<string, Memory>();
  for (const name of variants) {
    for (const count of connections.slice(-2)) {
      const poster = start(name, ['--expose-gc']);
      children.push(poster);
      await poster.ask('run', { connections: 10, messages: warmUp / 10 });
      const looks: Memory[] = [];
      for (let done = 0; done < rounds; done += 1) looks.push(await poster.ask('memory', { connections: count }));
      await poster.stop();
      found.set(key(name, count), {
        live: median(looks.map(({ live }) => live)),
        resident: Math.max(...looks.map(({ resident }) => resident)),
      });
    }
  }
  return found;
}

function resultOf(
  { connections: sizes }: Plan,
  costs: Map<string, Measured>,
  memory: Map<string, Memory>,
  complete: boolean,
): Result {
  const cpu = (name: Name, connections: number): number => median(costs.get(key(name, connections))?.cpuMs ?? []);
  const rate = (name: Name, connections: number): number => median(costs.get(key(name, connections))?.perSecond ?? []);
  /** Of what was measured side by side: a round that something else disturbed disturbs both. */
  const ratio = (name: Name, to: Name, connections: number): number => {
    const own = costs.get(key(name, connections))?.cpuMs ?? [];
    const others = costs.get(key(to, connections))?.cpuMs ?? [];
    return median(own.map((ms, index) => ms / (others[index] ?? NaN)));
  };
  const [few = 0, many = 0] = sizes.slice(-2);
  const live = (name: Name, connections: number): number => memory.get(key(name, connections))?.live ?? NaN;
  const megabytes = (bytes = NaN): number => round(bytes / 1e6);
  return {
    tables: [
      {
        title: 'CPU per post and posts per second, each way in a process of its own (median of the rounds)',
        columns: [
          'connections',
          ...variants.map((name) => `${titles[name]}, µs`),
          'service : bare',
          'SDK : service',
          'posts/s bare',
          'service',
          'SDK',
        ],
        rows: sizes.map((connections) => [
          connections,
          ...variants.map((name) => round(cpu(name, connections) * 1000)),
          round(ratio('service', 'bare', connections)),
          round(ratio('sdk', 'service', connections)),
          ...variants.map((name) => Math.round(rate(name, connections))),
        ]),
      },
      {
        title: 'Memory beside the list of subscribers while one message goes out, MB',
        columns: ['way', `live, ${few} connections`, `live, ${many}`, `resident, ${few}`, `resident, ${many}`],
        rows: variants.map((name) => [
          titles[name],
          megabytes(live(name, few)),
          megabytes(live(name, many)),
          megabytes(memory.get(key(name, few))?.resident),
          megabytes(memory.get(key(name, many))?.resident),
        ]),
      },
    ],
    note:
      'The bare loop posts over 64 kept-alive sockets without signing, retrying or giving up: what Node needs at the least on this machine. ' +
      'The service adds the signature, a time-out, the slots that adapt to throttling, and the handling of failures. The third is what most ' +
      'people write. CPU is user and system time of the posting process alone. The stub answers at once and shares the two cores, so posts ' +
      'per second compare the three; on AWS the answer takes some 10 ms and the rate is bound by that, by the share of a CPU that a ' +
      "function's memory buys, and by the account's 10,000 requests a second.",
    figures: {
      cpuPerPostMicroseconds: round(cpu('service', few) * 1000),
      serviceToBare: round(ratio('service', 'bare', few)),
      sdkToService: round(ratio('sdk', 'service', few)),
      postsPerSecond: Math.round(rate('service', few)),
      liveMegabytesFew: megabytes(live('service', few)),
      liveMegabytesMany: megabytes(live('service', many)),
    },
    goals: [
      {
        what: `CPU per post, service : bare loop, ${few} connections`,
        measured: ratio('service', 'bare', few),
        atMost: 1.5,
      },
      { what: `CPU per post, SDK : service, ${few} connections`, measured: ratio('sdk', 'service', few), atLeast: 4 },
      {
        what: `live memory, ${many} : ${few} connections`,
        measured: live('service', many) / live('service', few),
        atMost: 1.5,
      },
    ],
    checks: [{ what: 'every connection got every message once, in every way', holds: complete }],
  };
}
