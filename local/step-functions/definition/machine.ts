import type { Template } from '../expressions/template.ts';
import type { Resource } from './resource.ts';

/** A definition that was read and found right: what the interpreter runs. */
export type Machine = Flow & {
  /** For a whole execution; Express allows five minutes at most. */
  timeoutSeconds?: number;
};

/** States that follow each other: a machine's, a branch's, or those that a Map runs for each item. */
export type Flow = { startAt: string; states: ReadonlyMap<string, State> };

export type State =
  TaskState | PassState | ChoiceState | WaitState | SucceedState | FailState | ParallelState | MapState;

type Named = { name: string };

/** What a state that ends well passes on, and what it keeps in variables. */
export type Outcome = { output?: Template; assign?: Template };

/** Where it goes on; no `next`: the flow ends here. */
type Following = { next?: string };

/** States that may fail and be tried again. */
export type Recovering = { retry: Retrier[]; catch: Catcher[] };

export type TaskState = Named &
  Outcome &
  Following &
  Recovering & { type: 'Task'; resource: Resource; arguments?: Template; timeoutSeconds?: Template };
export type PassState = Named & Outcome & Following & { type: 'Pass' };
export type ChoiceState = Named & Outcome & { type: 'Choice'; choices: Choice[]; default?: string };
export type WaitState = Named & Outcome & Following & { type: 'Wait'; seconds?: Template; timestamp?: Template };
export type SucceedState = Named & { type: 'Succeed'; output?: Template };
export type FailState = Named & { type: 'Fail'; error?: Template; cause?: Template };
export type ParallelState = Named &
  Outcome &
  Following &
  Recovering & { type: 'Parallel'; branches: Flow[]; arguments?: Template };
export type MapState = Named &
  Outcome &
  Following &
  Recovering & { type: 'Map'; items?: Template; itemSelector?: Template; processor: Flow; maxConcurrency?: Template };

export type Choice = Outcome & { condition: Template; next: string };

export type Retrier = {
  errorEquals: string[];
  intervalSeconds: number;
  maxAttempts: number;
  backoffRate: number;
  maxDelaySeconds: number;
  /** FULL: any delay from none to the computed one. */
  jitter: 'FULL' | 'NONE';
};

export type Catcher = Outcome & { errorEquals: string[]; next: string };
