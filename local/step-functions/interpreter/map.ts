import type { MapState } from '../definition/machine.ts';
import type { Json } from '../json.ts';
import { maxMapConcurrency, requirePayload } from './limits.ts';
import type { Frame, Run, Visit } from './run.ts';
import { together } from './together.ts';
import { isWhole, unexpected } from './values.ts';
import { Variables } from './variables.ts';

/** Runs the item processor for every item; the result is the list of the outputs, in the order of the items. */
export async function performMap(run: Run, state: MapState, visit: Visit): Promise<Json> {
  const { frame } = visit;
  const items = await run.evaluate(state.items, visit.input, visit);
  if (!Array.isArray(items)) throw unexpected('Items', 'an array', items);
  const concurrency = await run.evaluate(state.maxConcurrency, 0, visit);
  if (!isWhole(concurrency, 0, Number.MAX_SAFE_INTEGER)) {
    throw unexpected('MaxConcurrency', 'a whole number that is not negative', concurrency);
  }
  run.record(frame, 'MapStateStarted', { length: items.length });
  const started = frame.last;
  try {
    const atOnce = Math.min(maxMapConcurrency, concurrency || maxMapConcurrency);
    const outputs = await together(items.length, atOnce, frame.signal, (index, signal) =>
      iterate(run, state, visit, { ...frame, signal, last: started }, index, items[index] ?? null),
    );
    run.record(frame, 'MapStateSucceeded', {});
    requirePayload(outputs, `The state '${state.name}' returned a result that`);
    return outputs;
  } catch (error) {
    if (!frame.signal.aborted) run.record(frame, 'MapStateFailed', {});
    throw error;
  }
}

async function iterate(
  run: Run,
  state: MapState,
  visit: Visit,
  around: Frame,
  index: number,
  item: Json,
): Promise<Json> {
  const frame: Frame = { ...around, variables: new Variables(around.variables) };
  const about = { name: state.name, index };
  run.record(frame, 'MapIterationStarted', about);
  try {
    const context = { ...visit.context, Map: { Item: { Index: index, Value: item } } };
    const input = await run.evaluate(state.itemSelector, item, { ...visit, context });
    const output = await run.flow(state.processor, input, frame);
    run.record(frame, 'MapIterationSucceeded', about);
    return output;
  } catch (error) {
    run.record(frame, frame.signal.aborted ? 'MapIterationAborted' : 'MapIterationFailed', about);
    throw error;
  }
}
