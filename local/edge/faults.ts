import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { AwsCall } from './call.ts';
import { textMatcher, type Matcher } from './wildcard.ts';

/**
 * What befalls a call. `crash: true` kills the caller before the call takes effect, `'after'` once it has, unheard. `repeat`: the execution
 * that StartExecution starts runs so often besides, as at-least-once allows.
 */
export type Fault =
  | { error: string; statusCode: number; message?: string; fields?: Record<string, unknown> }
  | { delayMs: number }
  | { dropReply: true }
  | { crash: true | 'after' }
  | { repeat: number };

/**
 * Which calls a fault befalls: those that match every field given. `resource` takes wildcards and is an ARN, or
 * the name in one (a table's, a queue's). `about`: text that stands in the call, or in the event of the invocation that makes it.
 * `skip`: not before so many of them have passed. `times`: for so many calls, then the rule is spent. `probability`: of each matching
 * call.
 */
export type FaultRule = {
  service?: string;
  action?: string;
  role?: string;
  resource?: string;
  about?: string;
  skip?: number;
  times?: number;
  probability?: number;
  fault: Fault;
};

/** Calls of one kind that a rule struck. */
export type StruckCalls = Pick<AwsCall, 'role' | 'by' | 'service' | 'action'> & { count: number };

/** A rule in force: how often it struck, and what. */
export type ActiveFault = FaultRule & { id: string; struck: number; calls: StruckCalls[] };

/** What to do to one call: wait, repeat what it starts, then perhaps the first fault that ends it. */
export type Sentence = {
  delayMs: number;
  repeats: number;
  fault?: Exclude<Fault, { delayMs: number } | { repeat: number }>;
};

/** A rule that says something the edge does not know; the message tells what was expected and what came. */
export class InvalidFaultRule extends Error {}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const ruleShape = v.strictObject({
  service: v.optional(v.string()),
  action: v.optional(v.string()),
  role: v.optional(v.string()),
  resource: v.optional(v.string()),
  about: v.optional(v.pipe(v.string(), v.minLength(1))),
  skip: v.optional(count),
  times: v.optional(count),
  probability: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  fault: v.record(v.string(), v.unknown()),
});

/** By the field that tells the kinds apart. */
const faultShapes = {
  error: v.strictObject({
    error: v.pipe(v.string(), v.minLength(1)),
    statusCode: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    message: v.optional(v.string()),
    fields: v.optional(v.record(v.string(), v.unknown())),
  }),
  delayMs: v.strictObject({ delayMs: v.pipe(v.number(), v.minValue(0)) }),
  dropReply: v.strictObject({ dropReply: v.literal(true) }),
  crash: v.strictObject({ crash: v.union([v.literal(true), v.literal('after')]) }),
  repeat: v.strictObject({ repeat: count }),
};

type Entry = { rule: ActiveFault; matchesResource: Matcher; leftToSkip: number };

type FaultTarget = Pick<AwsCall, 'service' | 'action' | 'role' | 'by' | 'resources'> & {
  /** Whether it is about something: see FaultRule. */
  isAbout?: (text: string) => boolean;
};

/** The fault rules in force, in the order they were added. */
export class FaultRules {
  private entries: Entry[] = [];
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  /** @throws InvalidFaultRule naming the field, what was expected and what came. */
  add(candidate: unknown): ActiveFault {
    const rule: ActiveFault = { ...parseRule(candidate), id: randomUUID(), struck: 0, calls: [] };
    const matchesResource = rule.resource === undefined ? () => true : resourceMatcher(rule.resource);
    this.entries.push({ rule, matchesResource, leftToSkip: rule.skip ?? 0 });
    return { ...rule };
  }

  list(): ActiveFault[] {
    return this.entries.map(({ rule }) => ({ ...rule }));
  }

  get(id: string): ActiveFault | undefined {
    return this.list().find((rule) => rule.id === id);
  }

  remove(id: string): void {
    this.entries = this.entries.filter(({ rule }) => rule.id !== id);
  }

  clear(): void {
    this.entries = [];
  }

  /** What the rules do to this call; uses them up. Delays and repetitions add up, and the first fault of another kind ends the search. */
  sentence(call: FaultTarget): Sentence {
    const sentence: Sentence = { delayMs: 0, repeats: 0 };
    for (const entry of this.entries) {
      if (!this.strikes(entry, call)) continue;
      const { rule } = entry;
      rule.struck++;
      note(rule.calls, call);
      if ('delayMs' in rule.fault) sentence.delayMs += rule.fault.delayMs;
      else if ('repeat' in rule.fault) sentence.repeats += rule.fault.repeat;
      else return { ...sentence, fault: rule.fault };
    }
    return sentence;
  }

  private strikes(entry: Entry, call: FaultTarget): boolean {
    const { rule } = entry;
    if (!matches(entry, call)) return false;
    if (entry.leftToSkip > 0) {
      entry.leftToSkip--;
      return false;
    }
    return (
      rule.struck < (rule.times ?? Infinity) && (rule.probability === undefined || this.random() < rule.probability)
    );
  }
}

function matches({ rule, matchesResource }: Entry, call: FaultTarget): boolean {
  return (
    (rule.service === undefined || rule.service === call.service) &&
    (rule.action === undefined || rule.action === call.action) &&
    (rule.role === undefined || rule.role === call.role) &&
    call.resources.some(({ arn }) => matchesResource(arn)) &&
    (rule.about === undefined || call.isAbout?.(rule.about) === true)
  );
}

function note(calls: StruckCalls[], { role, by, service, action }: FaultTarget): void {
  const known = calls.find(
    (one) => one.role === role && one.by === by && one.service === service && one.action === action,
  );
  if (known) known.count++;
  else calls.push({ role, by, service, action, count: 1 });
}

function resourceMatcher(pattern: string): Matcher {
  const matches = textMatcher(pattern);
  if (pattern.startsWith('arn:')) return matches;
  // "table/Messages/index/bySequence" is also Messages, "WebSocket.fifo" is itself, ".../@connections/ID" is also ID.
  return (arn) => matches(arn) || arn.split(/[:/]/).some(matches);
}

function parseRule(candidate: unknown): FaultRule {
  const rule = check(ruleShape, candidate, []);
  if (rule.service === undefined && rule.about === undefined) {
    throw new InvalidFaultRule('service: expected unless about says which calls are meant, received undefined');
  }
  const kinds = Object.keys(faultShapes) as (keyof typeof faultShapes)[];
  const [kind, ...more] = kinds.filter((name) => name in rule.fault);
  if (!kind || more.length > 0) {
    throw new InvalidFaultRule(
      `fault: expected one of {error, statusCode}, {delayMs}, {dropReply: true}, {crash: true}, {repeat}, received ${JSON.stringify(rule.fault)}`,
    );
  }
  if (kind === 'repeat' && (rule.service !== 'states' || rule.action !== 'StartExecution')) {
    throw new InvalidFaultRule('fault: {repeat} is for service states and action StartExecution only');
  }
  return { ...rule, fault: check(faultShapes[kind], rule.fault, ['fault']) };
}

function check<T extends v.GenericSchema>(shape: T, value: unknown, at: string[]): v.InferOutput<T> {
  const result = v.safeParse(shape, value);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => {
    const path = [...at, ...(issue.path ?? []).map(({ key }) => String(key))].join('.') || 'rule';
    return `${path}: expected ${issue.expected ?? 'nothing'}, received ${issue.received}`;
  });
  throw new InvalidFaultRule(problems.join('; '));
}
