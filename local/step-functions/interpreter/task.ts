import type { TaskState } from '../definition/machine.ts';
import { Failure } from '../failure.ts';
import type { Json } from '../json.ts';
import { dataOf } from './history.ts';
import { requirePayload } from './limits.ts';
import { OutOfTime } from './out-of-time.ts';
import type { Run, Visit } from './run.ts';
import { isWhole, unexpected } from './values.ts';

const longestTimeout = 99_999_999;

/** Calls what the Task names, and gives what it answered. */
export async function performTask(run: Run, state: TaskState, visit: Visit): Promise<Json> {
  const { frame, input } = visit;
  const { resource, resourceType } = state.resource;
  const about = { resource, resourceType, region: run.region };
  const parameters = await run.evaluate(state.arguments, input, visit);
  requirePayload(parameters, `What the task '${state.name}' is called with`);
  const timeout = await run.evaluate(state.timeoutSeconds, undefined, visit);
  if (timeout !== undefined && !isWhole(timeout, 1, longestTimeout)) {
    throw unexpected('TimeoutSeconds', `a whole number from 1 to ${longestTimeout}`, timeout);
  }
  const scheduled = timeout === undefined ? {} : { timeoutInSeconds: timeout };
  run.record(frame, 'TaskScheduled', { ...about, ...scheduled, parameters: JSON.stringify(parameters) });
  run.record(frame, 'TaskStarted', about);
  try {
    const result = await withinTime(run, visit, timeout, (signal) =>
      run.host.perform({ resource: state.resource, arguments: parameters }, signal),
    );
    run.record(frame, 'TaskSucceeded', { ...about, ...dataOf('output', result) });
    requirePayload(result, `The task '${state.name}' returned a result that`);
    return result;
  } catch (error) {
    if (error instanceof Failure && !frame.signal.aborted) {
      const type = error.error === 'States.Timeout' ? 'TaskTimedOut' : 'TaskFailed';
      run.record(frame, type, { ...about, error: error.error, cause: error.cause });
    }
    throw error;
  }
}

/** Gives a call up when its own time, the execution's, or the flow is over; what it does meanwhile it may still do. */
function withinTime(
  run: Run,
  { frame }: Visit,
  timeoutSeconds: number | undefined,
  perform: (signal: AbortSignal) => Promise<Json>,
): Promise<Json> {
  const { clock } = run.host;
  const call = new AbortController();
  return new Promise((resolve, reject) => {
    const giveUp = (reason: unknown): void => {
      reject(reason as Error);
      call.abort(reason);
    };
    const onAbort = (): void => giveUp(frame.signal.reason);
    frame.signal.addEventListener('abort', onAbort);
    const timers = [clock.after(run.remaining, () => giveUp(new OutOfTime()))];
    if (timeoutSeconds !== undefined) {
      const failure = new Failure('States.Timeout', `The task took longer than ${timeoutSeconds} s.`);
      timers.push(clock.after(timeoutSeconds * 1_000, () => giveUp(failure)));
    }
    void perform(call.signal)
      .then(resolve, reject)
      .finally(() => {
        for (const cancel of timers) cancel();
        frame.signal.removeEventListener('abort', onAbort);
      });
  });
}
