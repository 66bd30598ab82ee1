import type { ParallelState } from '../definition/machine.ts';
import type { Json } from '../json.ts';
import { requirePayload } from './limits.ts';
import type { Run, Visit } from './run.ts';
import { together } from './together.ts';
import { Variables } from './variables.ts';

/** Runs every branch with the same input; the result is the list of their outputs, in the order of the branches. */
export async function performParallel(run: Run, state: ParallelState, visit: Visit): Promise<Json> {
  const { frame } = visit;
  const input = await run.evaluate(state.arguments, visit.input, visit);
  run.record(frame, 'ParallelStateStarted', {});
  const started = frame.last;
  try {
    const outputs = await together(state.branches.length, Infinity, frame.signal, async (index, signal) => {
      const branch = state.branches[index];
      if (!branch) throw new Error(`${state.name} has no branch ${index}`);
      const variables = new Variables(frame.variables);
      return run.flow(branch, input, { ...frame, variables, signal, last: started });
    });
    run.record(frame, 'ParallelStateSucceeded', {});
    requirePayload(outputs, `The state '${state.name}' returned a result that`);
    return outputs;
  } catch (error) {
    if (!frame.signal.aborted) run.record(frame, 'ParallelStateFailed', {});
    throw error;
  }
}
