import type { ChoiceState, FailState, State, SucceedState, WaitState } from '../definition/machine.ts';
import { EvaluationFailure, Failure } from '../failure.ts';
import type { Json } from '../json.ts';
import { performMap } from './map.ts';
import { performParallel } from './parallel.ts';
import type { Run, Step, Visit } from './run.ts';
import { performTask } from './task.ts';
import { isWhole, unexpected } from './values.ts';

/**
 * Does what a state does, once.
 * @throws Failure when it fails
 */
export async function performState(run: Run, visit: Visit): Promise<Step> {
  const { state, input } = visit;
  switch (state.type) {
    case 'Task':
      return finish(run, state, visit, await performTask(run, state, visit));
    case 'Parallel':
      return finish(run, state, visit, await performParallel(run, state, visit));
    case 'Map':
      return finish(run, state, visit, await performMap(run, state, visit));
    case 'Pass':
      return { output: await run.conclude(state, input, visit), ...following(state) };
    case 'Wait':
      await performWait(run, state, visit);
      return { output: await run.conclude(state, input, visit), ...following(state) };
    case 'Choice':
      return performChoice(run, state, visit);
    case 'Succeed':
      return { output: await run.conclude(succeeding(state), input, visit) };
    case 'Fail':
      throw await failureOf(run, state, visit);
  }
}

async function finish(run: Run, state: Extract<State, { retry: unknown }>, visit: Visit, result: Json): Promise<Step> {
  return { output: await run.conclude(state, result, visit, { result }), ...following(state) };
}

function following({ next }: { next?: string }): { next?: string } {
  return next === undefined ? {} : { next };
}

function succeeding({ output }: SucceedState): { output?: SucceedState['output'] } {
  return output ? { output } : {};
}

/** The first choice whose condition holds; else Default, for which the state's own Output and Assign are. */
async function performChoice(run: Run, state: ChoiceState, visit: Visit): Promise<Step> {
  for (const choice of state.choices) {
    const holds = await run.evaluate(choice.condition, undefined, visit);
    if (typeof holds !== 'boolean') {
      const { location = 'Condition', source = '' } = choice.condition.expressions[0] ?? {};
      throw new EvaluationFailure(
        location,
        `The JSONata expression '${source}' specified for the field '${location}' returned an unexpected result type. ` +
          `Expected 'boolean', but was '${typeName(holds)}' for value: ${JSON.stringify(holds)}`,
      );
    }
    if (holds) return { output: await run.conclude(choice, visit.input, visit), next: choice.next };
  }
  if (state.default === undefined) {
    throw new Failure('States.NoChoiceMatched', 'No condition of a choice held, and there is no Default.');
  }
  return { output: await run.conclude(state, visit.input, visit), next: state.default };
}

/** The longest wait in seconds (https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html). */
const longestWait = 99_999_999;

async function performWait(run: Run, state: WaitState, visit: Visit): Promise<void> {
  const { clock } = run.host;
  if (state.seconds) {
    const seconds = await run.evaluate(state.seconds, undefined, visit);
    if (!isWhole(seconds, 0, longestWait))
      throw unexpected('Seconds', `a whole number from 0 to ${longestWait}`, seconds);
    await run.sleep(seconds * 1_000, visit.frame.signal);
  } else {
    const timestamp = await run.evaluate(state.timestamp, undefined, visit);
    const until = typeof timestamp === 'string' && rfc3339.test(timestamp) ? Date.parse(timestamp) : NaN;
    if (Number.isNaN(until)) throw unexpected('Timestamp', 'a time as RFC 3339 writes it', timestamp);
    await run.sleep(Math.max(0, until - clock.now()), visit.frame.signal);
  }
}

/** With a capital T and Z, as the Amazon States Language wants it (https://states-language.net/spec.html#timestamps). */
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

async function failureOf(run: Run, state: FailState, visit: Visit): Promise<Failure> {
  const texts = {
    Error: await run.evaluate(state.error, '', visit),
    Cause: await run.evaluate(state.cause, '', visit),
  };
  for (const [field, text] of Object.entries(texts)) {
    if (typeof text !== 'string') throw unexpected(field, 'text', text);
  }
  return new Failure(String(texts.Error), String(texts.Cause));
}

function typeName(value: Json | undefined): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
