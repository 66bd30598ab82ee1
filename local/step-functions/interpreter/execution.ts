import type { Machine } from '../definition/machine.ts';
import { expressSeconds } from '../definition/read.ts';
import { Failure } from '../failure.ts';
import type { Json, JsonObject } from '../json.ts';
import { dataOf, History, type HistoryEvent } from './history.ts';
import { requirePayload } from './limits.ts';
import { OutOfTime } from './out-of-time.ts';
import { type Host, Run } from './run.ts';
import { Variables } from './variables.ts';

/** An execution's own facts, as the context object tells them. */
export type ExecutionIdentity = {
  arn: string;
  name: string;
  roleArn: string;
  machine: { arn: string; name: string };
};

/** How an execution ended; `history` names the states it entered, in order. */
export type ExecutionResult = { history: string[]; events: HistoryEvent[] } & (
  { status: 'SUCCEEDED'; output: Json } | { status: 'FAILED' | 'TIMED_OUT'; error: string; cause: string }
);

/**
 * Runs an execution from its start to its end.
 * @param signal aborts it, as when its host dies; then this rejects with the signal's reason
 * @param listener told of each event as it happens
 */
export async function execute(
  machine: Machine,
  { arn, name, roleArn, machine: { arn: machineArn, name: machineName } }: ExecutionIdentity,
  input: Json,
  host: Host,
  signal: AbortSignal,
  listener?: (event: HistoryEvent) => void,
): Promise<ExecutionResult> {
  const began = host.clock.now();
  const history = new History(() => host.clock.now(), listener);
  const identity: JsonObject = {
    Execution: {
      Id: arn,
      Input: input,
      Name: name,
      RoleArn: roleArn,
      StartTime: new Date(began).toISOString(),
      RedriveCount: 0,
    },
    StateMachine: { Id: machineArn, Name: machineName },
  };
  const limit = Math.min(expressSeconds, machine.timeoutSeconds ?? expressSeconds);
  const run = new Run(host, history, identity, arn.split(':')[3] ?? '', began + limit * 1_000);
  const frame = { variables: new Variables(), signal, last: 0 };
  run.record(frame, 'ExecutionStarted', { ...dataOf('input', input), roleArn });
  try {
    requirePayload(input, 'The input of the execution');
    const output = await run.flow(machine, input, frame);
    run.record(frame, 'ExecutionSucceeded', dataOf('output', output));
    return { status: 'SUCCEEDED', output, history: history.states, events: history.events };
  } catch (error) {
    signal.throwIfAborted();
    const ended = endOf(error, limit);
    if (ended.status === 'TIMED_OUT') run.record(frame, 'ExecutionTimedOut', {});
    else run.record(frame, 'ExecutionFailed', { error: ended.error, cause: ended.cause });
    return { ...ended, history: history.states, events: history.events };
  }
}

function endOf(error: unknown, limitSeconds: number): { status: 'FAILED' | 'TIMED_OUT'; error: string; cause: string } {
  if (error instanceof OutOfTime) {
    return { status: 'TIMED_OUT', error: 'States.Timeout', cause: `The execution took longer than ${limitSeconds} s.` };
  }
  if (error instanceof Failure) return { status: 'FAILED', error: error.error, cause: error.cause };
  return { status: 'FAILED', error: 'States.Runtime', cause: error instanceof Error ? error.message : String(error) };
}
