import type { ActiveFault, EdgeControl, FaultRule, StruckCalls } from '../../setup/edge-control.ts';
import { until } from '../../setup/until.ts';
import { kindsOf } from './kinds.ts';
import type { Scenario, Trial, World } from './scenario.ts';

/** One call of a scenario, and what befalls it. */
export type Point = { role: string; how: string; rule: FaultRule };

/** A trial that was struck, to be looked at when there was time to recover. */
export type Struck = Point & { trial: Trial };

/** How many calls vary, such as when a queue hands out in two batches what came in one: then it is tried with another trial. */
const tries = 4;

let named = 0;

/** A scenario, and where it is struck. */
type Planned = { scenario: Scenario; points: Point[] };

/**
 * Strikes scenarios at each of their calls, in each way, with a trial of its own each time. Which calls there are is seen first, on trials
 * that nothing befalls, so a call that is added later is struck, too.
 *
 * @param lines of scenarios: those of a line one after another, since what a queue gets together it hands out in one batch; lines side
 * by side.
 */
export async function strikeEverywhere(world: World, lines: readonly (readonly Scenario[])[]): Promise<Struck[]> {
  const planned = await Promise.all(lines.map((line) => planInTurn(world, line)));
  const struck = await Promise.all(planned.map((line) => strikeInTurn(world, line)));
  return struck.flat();
}

async function planInTurn(world: World, line: readonly Scenario[]): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (const scenario of line) planned.push({ scenario, points: pointsOf(scenario, await rehearse(world, scenario)) });
  return planned;
}

async function strikeInTurn(world: World, line: readonly Planned[]): Promise<Struck[]> {
  const struck: Struck[] = [];
  for (const { scenario, points } of line) {
    const trials = await scenario.arrange(points.map(() => nameOf(scenario)));
    const left = points.entries();
    const work = async (): Promise<void> => {
      for (const [index, point] of left) {
        struck.push(...(await strike(world, scenario, point, trials[index] as Trial)));
      }
    };
    await Promise.all(Array.from({ length: scenario.atOnce }, work));
  }
  return struck;
}

/** What is not as it must be, once there was time for the system to recover. */
export async function breachesOf(struck: readonly Struck[], timeoutMs: number): Promise<string[]> {
  let unsound = [...struck];
  let told: string[] = [];
  const look = async (): Promise<boolean> => {
    const looked = await Promise.all(unsound.map(async (one) => ({ one, breaches: await one.trial.breaches() })));
    const bad = looked.filter(({ breaches }) => breaches.length > 0);
    unsound = bad.map(({ one }) => one);
    told = bad.map(({ one, breaches }) => `${one.how}: ${breaches.join('; ')}`);
    return bad.length === 0;
  };
  await until('everything to be sound', look, timeoutMs).catch(() => undefined);
  return told;
}

/** The calls of a warm trial that nothing befalls; the first one only warms up. */
async function rehearse({ stage }: World, scenario: Scenario): Promise<StruckCalls[]> {
  const trials = await scenario.arrange([nameOf(scenario), nameOf(scenario)]);
  let calls: StruckCalls[] = [];
  for (const trial of trials) {
    const watch = await stage.edge.break({ role: scenario.role, about: trial.about, fault: { delayMs: 0 } });
    for (const rule of trial.besides ?? []) await stage.edge.break(rule);
    await trial.give();
    await trial.over?.();
    calls = (await stage.edge.fault(watch)).calls.filter(({ by }) => by === 'function');
    await stage.edge.repair(watch);
    await sound(`the rehearsal of ${scenario.role}, ${scenario.of}`, trial);
  }
  return calls;
}

async function sound(what: string, trial: Trial): Promise<void> {
  let breaches: string[] = [];
  await until(what, async () => (breaches = await trial.breaches()).length === 0).catch(() => {
    throw new Error(`${what}: ${breaches.join('; ')}`);
  });
}

/** Those that take long to recover from come last. */
function pointsOf({ role, of, only, queued, alike }: Scenario, calls: readonly StruckCalls[]): Point[] {
  const missing = (only ?? []).filter((action) => !calls.some((call) => call.action === action));
  if (missing.length > 0) throw new Error(`${role} (${of}) makes no call of ${missing.join(', ')}`);
  const points = [...calls, ...(queued ? [deletion] : [])].flatMap(({ service, action, count }) =>
    only && !only.includes(action) && action !== deletion.action
      ? []
      : positions(count, alike)
          .map((skip) =>
            Object.entries(action === deletion.action ? deletionKinds : kindsOf(service)).map(([kind, fault]) => ({
              role,
              how: `${role} (${of}): ${action} ${skip + 1}, ${kind}`,
              rule: { role, service, action, ...(skip > 0 && { skip }), times: 1, fault },
            })),
          )
          .flat(),
  );
  const isLate = ({ rule: { fault, action } }: Point): number => Number('crash' in fault || action === deletion.action);
  return points.sort((a, b) => isLate(a) - isLate(b));
}

/** How many calls come before each that is struck. */
function positions(count: number, alike = false): number[] {
  const all = Array.from({ length: count }, (_none, skip) => skip);
  return alike ? all.filter((skip) => skip === 0 || skip === count - 1) : all;
}

const { 'it fails': fails, 'its answer is lost': lost } = kindsOf('sqs');
const deletionKinds = { 'it fails': fails, 'its answer is lost': lost } as Record<string, FaultRule['fault']>;

/** What Lambda does with records that were dealt with. It is no call of the function, so nothing in it tells what it is about. */
const deletion = { service: 'sqs', action: 'DeleteMessageBatch', count: 1 };

async function strike({ stage }: World, scenario: Scenario, point: Point, first: Trial): Promise<Struck[]> {
  const struck: Struck[] = [];
  let trial = first;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const rule = await stage.edge.break(aimed(point.rule, trial));
    const besides = await addAll(stage.edge, trial.besides ?? []);
    struck.push({ ...point, trial });
    await trial.give();
    const hit = await isStruck(stage.edge, rule);
    if (!hit) await stage.edge.repair(rule);
    // What is to fail besides fails at once or not at all; what is left of it must not befall the recovery.
    if (hit) for (const one of besides) await stage.edge.repair(one);
    if (hit) return struck;
    [trial] = (await scenario.arrange([nameOf(scenario)])) as [Trial];
  }
  throw new Error(`Never struck: ${point.how}`);
}

function aimed(rule: FaultRule, { about }: Trial): FaultRule {
  return rule.action === deletion.action ? rule : { ...rule, about };
}

async function addAll(edge: EdgeControl, rules: readonly FaultRule[]): Promise<ActiveFault[]> {
  const added: ActiveFault[] = [];
  for (const rule of rules) added.push(await edge.break(rule));
  return added;
}

function isStruck(edge: EdgeControl, rule: ActiveFault): Promise<boolean> {
  return until('the strike', async () => (await edge.fault(rule)).struck > 0, 6_000).catch(() => false);
}

/** All of one length, so that none is part of another. */
function nameOf({ role }: Scenario): string {
  return `struck-${role}-${String(named++).padStart(4, '0')}`;
}
