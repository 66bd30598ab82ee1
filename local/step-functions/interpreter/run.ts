import type { Catcher, Flow, Outcome, State } from '../definition/machine.ts';
import type { Resource } from '../definition/resource.ts';
import type { Bindings } from '../expressions/expression.ts';
import type { Template } from '../expressions/template.ts';
import { timeBindings } from '../expressions/time.ts';
import { EvaluationFailure, Failure } from '../failure.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { Clock } from './clock.ts';
import { type Details, dataOf, type History } from './history.ts';
import { requirePayload } from './limits.ts';
import { OutOfTime } from './out-of-time.ts';
import { catcherOf, Retries } from './retry.ts';
import { performState } from './states.ts';
import type { Variables } from './variables.ts';

/** What a Task calls, and with what. */
export type TaskCall = { resource: Resource; arguments: Json };

/** What the interpreter needs from around it. */
export type Host = {
  clock: Clock;
  /** From 0 up to 1, for the jitter of retries. */
  random(): number;
  /**
   * Makes a Task's call.
   * @throws Failure with the error name that Step Functions gives it
   */
  perform(call: TaskCall, signal: AbortSignal): Promise<Json>;
};

/** A flow under way: the machine's, a branch's, or one item's of a Map. */
export type Frame = {
  variables: Variables;
  /** Ends the flow: a sibling failed, or the whole execution is over. */
  signal: AbortSignal;
  /** The id of the flow's last event. */
  last: number;
};

/** One visit to a state, or one try of several. */
export type Visit = { state: State; input: Json; frame: Frame; context: JsonObject };

/** Where a state leads, with what. */
export type Step = { output: Json; next?: string };

/** One run of an execution: walks through states, retries and catches. */
export class Run {
  readonly host: Host;
  readonly history: History;
  readonly region: string;
  readonly #deadline: number;
  readonly #identity: JsonObject;

  /**
   * @param identity `Execution` and `StateMachine` of the context object
   * @param region where it runs, as its events tell
   * @param deadline the moment at which the execution times out, in milliseconds since 1970
   */
  constructor(host: Host, history: History, identity: JsonObject, region: string, deadline: number) {
    this.host = host;
    this.region = region;
    this.history = history;
    this.#identity = identity;
    this.#deadline = deadline;
  }

  /**
   * Runs a flow to its end.
   * @returns the output of its last state
   * @throws Failure that no state caught, OutOfTime, or the reason of an aborted signal
   */
  async flow({ startAt, states }: Flow, input: Json, frame: Frame): Promise<Json> {
    let step: Step = { output: input, next: startAt };
    while (step.next !== undefined) {
      const state = states.get(step.next);
      if (!state) throw new Error(`There is no state ${step.next}`);
      frame.signal.throwIfAborted();
      if (this.remaining <= 0) throw new OutOfTime();
      step = await this.#visit(state, step.output, frame);
    }
    return step.output;
  }

  /** Milliseconds until the execution times out. */
  get remaining(): number {
    return this.#deadline - this.host.clock.now();
  }

  /** Waits; an execution that would wait past its end ends. */
  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    await this.host.clock.sleep(Math.min(milliseconds, Math.max(0, this.remaining)), signal);
    if (this.remaining <= 0) throw new OutOfTime();
  }

  /** What the expressions of a state see. */
  bindings({ input, frame, context }: Visit, more: JsonObject = {}): Bindings {
    return {
      ...timeBindings(this.host.clock.now()),
      ...frame.variables.all(),
      states: { input, context, ...more },
    };
  }

  /** A field's value, or what stands for it when the state has no such field. */
  async evaluate<Fallback>(
    template: Template | undefined,
    fallback: Fallback,
    visit: Visit,
    more?: JsonObject,
  ): Promise<Json | Fallback> {
    return template ? template.evaluate(this.bindings(visit, more)) : fallback;
  }

  /**
   * What a state passes on and keeps: Output and Assign both see the variables as they were
   * (https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html, "Evaluation order in an assign field").
   */
  async conclude(outcome: Outcome, fallback: Json, visit: Visit, more?: JsonObject): Promise<Json> {
    const { state, frame } = visit;
    const output = await this.evaluate(outcome.output, fallback, visit, more);
    const assigned = await this.evaluate(outcome.assign, undefined, visit, more);
    requirePayload(output, `The state '${state.name}' returned a result that`);
    if (isObject(assigned)) frame.variables.assign(assigned);
    const variables = isObject(assigned) ? { assignedVariables: textsOf(assigned) } : {};
    if (state.type !== 'Fail') {
      this.record(frame, `${state.type}StateExited`, { name: state.name, ...dataOf('output', output), ...variables });
    }
    return output;
  }

  record(frame: Frame, type: string, details: Details): void {
    frame.last = this.history.add(type, frame.last, details);
  }

  async #visit(state: State, input: Json, frame: Frame): Promise<Step> {
    this.record(frame, `${state.type}StateEntered`, { name: state.name, ...dataOf('input', input) });
    const entered = { id: frame.last, time: new Date(this.host.clock.now()).toISOString() };
    const [retriers, catchers] = 'retry' in state ? [state.retry, state.catch] : [[], []];
    const retries = new Retries(retriers, () => this.host.random());
    for (let retryCount = 0; ; retryCount++) {
      const context: JsonObject = {
        ...this.#identity,
        State: { Name: state.name, EnteredTime: entered.time, ...('retry' in state && { RetryCount: retryCount }) },
      };
      const visit = { state, input, frame, context };
      try {
        return await performState(this, visit);
      } catch (error) {
        frame.signal.throwIfAborted();
        const failure = this.#asFailure(error, visit, entered.id);
        const delay = retries.delayAfter(failure.error);
        if (delay !== undefined) {
          await this.sleep(delay, frame.signal);
          continue;
        }
        const catcher = catcherOf(catchers, failure.error);
        if (!catcher) throw failure;
        return this.#catch(catcher, failure, visit, entered.id);
      }
    }
  }

  async #catch(catcher: Catcher, { error, cause }: Failure, visit: Visit, enteredId: number): Promise<Step> {
    const errorOutput = { Error: error, Cause: cause };
    try {
      const output = await this.conclude(catcher, errorOutput, visit, { errorOutput });
      return { output, next: catcher.next };
    } catch (failed) {
      throw this.#asFailure(failed, visit, enteredId);
    }
  }

  /** Only failures can be caught; whatever else was thrown ends the execution. */
  #asFailure(error: unknown, { state, frame }: Visit, enteredId: number): Failure {
    if (!(error instanceof Failure)) throw error;
    const own = error.error.startsWith('States.') && error.error !== 'States.Timeout';
    const told = error.cause.startsWith('An error occurred while executing the state');
    if (!own || told || state.type === 'Fail') return error;
    const cause = `An error occurred while executing the state '${state.name}' (entered at the event id #${enteredId}). ${error.cause}`;
    if (error instanceof EvaluationFailure) {
      const { location } = error;
      this.record(frame, 'EvaluationFailed', { error: error.error, cause, location, state: state.name });
    }
    return new Failure(error.error, cause);
  }
}

function textsOf(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
}
