import type { Bench, BenchContext, Result, Table } from '../harness/result.ts';
import { round } from '../harness/statistics.ts';
import { readStack } from '../stand/assembly.ts';
import { simulatedFunctions } from './bundle.ts';
import { messagesOf } from './events.ts';
import { accountRate, shareForPosts, simulateFanOut, type Simulated } from './fan-out-simulation.ts';
import { newConnections, pausings, simulateReconnects, type Return } from './reconnects.ts';
import { runSockets, type Real } from './sockets.ts';

/** Messages of one chat: how many, and how many a second on average. */
interface Traffic {
  subscribers: number;
  messages: number;
  perSecond: number;
}

interface Plan {
  traffic: Traffic[];
  clients: number;
  real: Traffic & { connectsPerSecond: number; patienceMs: number };
}

const plans: Record<'full' | 'tiny', Plan> = {
  full: {
    traffic: [
      { subscribers: 1_000, messages: 50, perSecond: 4 },
      { subscribers: 10_000, messages: 10, perSecond: 0.3 },
      { subscribers: 100_000, messages: 3, perSecond: 0.03 },
      { subscribers: 1_000_000, messages: 1, perSecond: 1 },
    ],
    clients: 100_000,
    real: { subscribers: 2_000, messages: 10, perSecond: 0.3, connectsPerSecond: 45, patienceMs: 120_000 },
  },
  tiny: {
    traffic: [{ subscribers: 300, messages: 3, perSecond: 1 }],
    clients: 300,
    real: { subscribers: 60, messages: 3, perSecond: 1, connectsPerSecond: 40, patienceMs: 40_000 },
  },
};

export const scale: Bench = {
  name: 'scale',
  title: 'Large chats, and everybody coming back at once',

  async run({ assembly, size, progress }: BenchContext) {
    const plan = plans[size];
    const template = readStack(assembly);
    const makeFunctions = await simulatedFunctions();
    const simulate = ({ subscribers, messages, perSecond }: Traffic): Promise<Simulated> =>
      simulateFanOut(template, makeFunctions, subscribers, messagesOf(messages, perSecond));

    const fanOuts: { traffic: Traffic; simulated: Simulated }[] = [];
    for (const traffic of plan.traffic) {
      fanOuts.push({ traffic, simulated: await simulate(traffic) });
      progress(`${traffic.subscribers} subscribers`);
    }
    const returns: { name: string; back: Return }[] = [];
    for (const [name, pausing] of Object.entries(pausings)) {
      returns.push({ name, back: await simulateReconnects(plan.clients, pausing) });
      progress(`reconnecting, ${name}`);
    }
    const { subscribers, messages, perSecond, connectsPerSecond, patienceMs } = plan.real;
    const real = await runSockets(
      assembly,
      subscribers,
      messagesOf(messages, perSecond),
      connectsPerSecond,
      patienceMs,
    );
    const twin = await simulate({ ...plan.real, subscribers: real.sockets });
    return resultOf(plan, fanOuts, returns, real, twin);
  },
};

function resultOf(
  plan: Plan,
  fanOuts: { traffic: Traffic; simulated: Simulated }[],
  returns: { name: string; back: Return }[],
  real: Real,
  twin: Simulated,
): Result {
  const seconds = (ms: number): number => round(ms / 1000);
  const largest = fanOuts.at(-1)?.simulated;
  const library = returns[0]?.back;
  const asRow = (name: string, run: Real | Simulated): (string | number)[] => [
    ...[name, real.sockets, plan.real.messages, seconds(run.p50), seconds(run.last)],
    ...[yesOrNo(run.complete), run.late, run.repeats, run.retriedAlone],
  ];
  const tables: Table[] = [
    {
      title: 'Messages to one chat, simulated under the limits of API Gateway: seconds from publish to receipt',
      columns: [
        'subscribers',
        'messages',
        'p50',
        'p99',
        'last',
        'posts in the busiest second',
        'throttled',
        'retried alone',
        'complete',
        'late',
      ],
      rows: fanOuts.map(({ traffic, simulated }) => [
        ...[traffic.subscribers, traffic.messages],
        ...[seconds(simulated.p50), seconds(simulated.p99), seconds(simulated.last)],
        ...[simulated.postsInASecond, simulated.throttled, simulated.retriedAlone],
        ...[yesOrNo(simulated.complete), simulated.late],
      ]),
    },
    {
      title: `${plan.clients} clients whose sockets all end at once, at ${newConnections.perSecond} new connections a second: seconds until they are back`,
      columns: ['pause before a try', 'half', '99%', 'all', 'tries per client', 'tries in the busiest second'],
      rows: returns.map(({ name, back }) => [
        name,
        ...[back.half, back.most, back.all].map((value) => round(value)),
        round(back.triesPerClient),
        back.busiestSecond,
      ]),
    },
    {
      title: 'The same messages over real sockets and in the simulation: seconds from publish to receipt',
      columns: ['', 'sockets', 'messages', 'p50', 'last', 'complete', 'late', 'repeats', 'retried alone'],
      rows: [asRow('embedded cloud', real), asRow('simulation', twin)],
    },
  ];
  return {
    tables,
    note:
      'The simulation runs the delivery code that is deployed, on a clock that jumps: below it posts take 5 to 15 ms, reads of subscribers 5 ms a page, calls of queues 12 ms, and ' +
      `a token bucket of ${accountRate.perSecond * shareForPosts} a second and ${accountRate.burst} at once stands for the account's ${accountRate.perSecond}, less 30% for what comes in. Batch ` +
      'sizes, concurrency, time-outs, threshold and pace are those of the template. Up to the threshold one function posts to everybody; above, 64 slots are ' +
      'served by workers. Of one message the workers take 64 jobs in batches of three, and post 4,800 times a second. Above some 200,000 subscribers three slots ' +
      'are more than a worker posts before its time-out; the others get theirs through the retry queue, one by one and more slowly: of a million almost all. ' +
      'The simulation knows no CPU, no cold starts and no lost answers. The real sockets are served by the whole stack on this machine, which is slower ' +
      'than the limits of AWS: only completeness and order are compared, with the same messages and by the same check. A machine that is busy answers posts too late; those are ' +
      'retried for their connection alone, and come late or twice.',
    figures: {
      ...(largest && { secondsToLastOfMost: seconds(largest.last), postsInBusiestSecond: largest.postsInASecond }),
      ...(library && { secondsUntilAllAreBack: round(library.all), triesPerClient: round(library.triesPerClient) }),
      sockets: real.sockets,
      socketsLastSeconds: seconds(real.last),
    },
    goals: [
      {
        what: 'posts in the busiest second, of 10,000 requests that the account has',
        measured: Math.max(...fanOuts.map(({ simulated }) => simulated.postsInASecond)),
        atMost: accountRate.perSecond * shareForPosts,
      },
      {
        what: 'posts throttled',
        measured: fanOuts.reduce((sum, { simulated }) => sum + simulated.throttled, 0),
        atMost: 0,
      },
    ],
    checks: [
      {
        what: 'every simulated subscriber got every message, in order',
        holds: [...fanOuts.map(({ simulated }) => simulated), twin].every(isSound),
      },
      {
        what: 'every real socket got every message, and no more came late than were retried alone',
        holds: isSound(real),
      },
      { what: 'every client came back', holds: returns.every(({ back }) => back.everybody) },
    ],
  };
}

/** A message that is retried alone may come after its successors: its number tells its reader where it belongs. */
function isSound({ complete, late, retriedAlone }: Real | Simulated): boolean {
  return complete && late <= retriedAlone;
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
