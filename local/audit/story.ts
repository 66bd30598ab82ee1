import type { ExecutionEvent, LoggedExecution } from './execution-logs.ts';

/** What a redrive has counted. */
export type Counts = {
  examined: number;
  matched: number;
  redriven: number;
  discarded: number;
  skipped: number;
  failed: number;
};

/** Something an operator asked for, and what came of it. Times are milliseconds since 1970. */
export type Ask = {
  at: number;
  by: string;
  reason: string;
  /** `unknown`: no end of the execution is in the log. */
  answer: 'accepted' | 'refused' | 'unknown';
  /** Why it was refused. */
  why?: string;
};

/** A redrive being asked for. */
export type Start = Ask & {
  queue: string;
  mode: string;
  /** Which letters were meant; nothing in it: all. */
  filter: Record<string, unknown>;
  maxMessages?: number;
  maxPerSecond?: number;
  includeRevokedSenders: boolean;
};

/** One batch of letters. `counts` are those of this batch, with what an earlier one did whose answer was lost. */
export type Batch = { at: number; state: string; counts?: Counts };

/** A try of a step that failed; the step was tried again, or its execution ended. */
export type FailedTry = { at: number; error: string; cause?: string };

/** One execution that carried the redrive on, or found that it was not its turn. */
export type Generation = {
  generation: number;
  at: number;
  batches: Batch[];
  failedTries: FailedTry[];
  endedAt?: number;
  /** `unfinished`: no end is in the log; it works, or died, and then another takes its place. */
  ended: 'handed over' | 'closed the redrive' | 'not its turn' | 'failed' | 'timed out' | 'unfinished';
};

/** One redrive as its log tells it. What the log does not tell is absent. */
export type Story = {
  redriveId: string;
  start?: Start;
  cancels: Ask[];
  generations: Generation[];
  end?: { at: number; status: string; error?: string };
  /** Everything counted. */
  counts?: Counts;
};

type Json = Record<string, unknown>;

/**
 * Tells one redrive's story from the executions that concerned it.
 *
 * @param control executions of redrive-control
 * @param redriving executions of dlq-redrive
 */
export function storyOf(
  redriveId: string,
  control: readonly LoggedExecution[],
  redriving: readonly LoggedExecution[],
): Story {
  const asked = control.map(({ events }) => ({ events, input: inputOf(events) }));
  const [start] = asked.flatMap(({ events, input }) => {
    const redrive = objectOf(input['redrive']);
    return input['action'] === 'start' && redrive['redriveId'] === redriveId ? [startOf(redrive, events)] : [];
  });
  const cancels = asked.flatMap(({ events, input }) =>
    input['action'] === 'cancel' && input['redriveId'] === redriveId
      ? [askOf(input['by'], input['reason'], events)]
      : [],
  );
  const totals = new Totals();
  const runs = redriving.filter(({ events }) => inputOf(events)['redriveId'] === redriveId);
  const generations = runs.map(({ events }) => generationOf(events, totals));
  const end = runs.flatMap(({ events }) => endOf(events))[0];
  return {
    redriveId,
    ...(start && { start }),
    cancels,
    generations,
    ...(end && { end }),
    ...(totals.counts && { counts: totals.counts }),
  };
}

function startOf(redrive: Json, events: readonly ExecutionEvent[]): Start {
  const { maxMessages, maxPerSecond, filter } = redrive;
  return {
    ...askOf(redrive['startedBy'], redrive['reason'], events),
    queue: String(redrive['queue']),
    mode: String(redrive['mode']),
    filter: typeof filter === 'string' ? parsed(filter) : objectOf(filter),
    ...(typeof maxMessages === 'number' && { maxMessages }),
    ...(typeof maxPerSecond === 'number' && { maxPerSecond }),
    includeRevokedSenders: redrive['includeRevokedSenders'] === true,
  };
}

function askOf(by: unknown, reason: unknown, events: readonly ExecutionEvent[]): Ask {
  const ask = { at: events[0]?.at ?? 0, by: String(by), reason: String(reason) };
  if (events.some(({ type }) => type === 'ExecutionSucceeded')) return { ...ask, answer: 'accepted' };
  const failed = events.find(({ type }) => type === 'ExecutionFailed');
  if (!failed) return { ...ask, answer: 'unknown' };
  const { error, cause } = failed.details;
  return { ...ask, answer: 'refused', why: [error, cause].filter(Boolean).join(': ') };
}

/** What was counted up to now: each batch answers with the redrive's counts so far. */
class Totals {
  counts: Counts | undefined;

  /** @returns what came on top of the counts before */
  advance(now: Counts): Counts {
    const before = this.counts;
    this.counts = now;
    const added = Object.entries(now).map(([name, count]) => [name, count - (before?.[name as keyof Counts] ?? 0)]);
    return Object.fromEntries(added) as Counts;
  }
}

function generationOf(events: readonly ExecutionEvent[], totals: Totals): Generation {
  const batches = events.flatMap(({ type, at, details }): Batch[] => {
    if (type !== 'TaskSucceeded' || details['resourceType'] !== 'lambda') return [];
    const { state, counts } = objectOf(parsed(details['output'])['Payload']);
    return [{ at, state: String(state), ...(counts ? { counts: totals.advance(counts as Counts) } : {}) }];
  });
  const failedTries = events.flatMap(({ type, at, details }): FailedTry[] => {
    if (type !== 'TaskFailed' && type !== 'TaskTimedOut') return [];
    const { error, cause } = details;
    return [{ at, error: String(error ?? type), ...(typeof cause === 'string' && { cause }) }];
  });
  const last = events.at(-1);
  const ended = howItEnded(events);
  return {
    generation: Number(inputOf(events)['generation']) + 1,
    at: events[0]?.at ?? 0,
    batches,
    failedTries: ended === 'not its turn' ? [] : failedTries,
    ...(last && ended !== 'unfinished' && { endedAt: last.at }),
    ended,
  };
}

/** The error with which the execution fails that closed a failed redrive; its cause tells what the output of others does. */
const redriveFailed = 'RedriveFailed';

/** By the state in which the execution ended, of those of workflows/dlq-redrive.asl.json. */
const ends: Record<string, Generation['ended']> = {
  HandedOver: 'handed over',
  Closed: 'closed the redrive',
  NotItsTurn: 'not its turn',
};

function howItEnded(events: readonly ExecutionEvent[]): Generation['ended'] {
  const { type: last, details: { error } = {} } = events.at(-1) ?? {};
  if (last === 'ExecutionFailed') return error === redriveFailed ? 'closed the redrive' : 'failed';
  if (last === 'ExecutionTimedOut') return 'timed out';
  if (last !== 'ExecutionSucceeded') return 'unfinished';
  const lastState = events.findLast(({ type }) => type === 'SucceedStateEntered')?.details['name'];
  return ends[String(lastState)] ?? 'closed the redrive';
}

function endOf(events: readonly ExecutionEvent[]): NonNullable<Story['end']>[] {
  return events.flatMap(({ type, at, details }) => {
    const closed = type === 'ExecutionFailed' && details['error'] === redriveFailed;
    if (type !== 'ExecutionSucceeded' && !closed) return [];
    const { status, error } = parsed(closed ? details['cause'] : details['output']);
    return typeof status === 'string' ? [{ at, status, ...(error ? { error: String(error) } : {}) }] : [];
  });
}

function inputOf([started]: readonly ExecutionEvent[]): Json {
  return parsed(started?.details['input']);
}

/** Nothing when it is no JSON object, as when AWS cut it for its length. */
function parsed(text: unknown): Json {
  try {
    return objectOf(JSON.parse(String(text)));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
