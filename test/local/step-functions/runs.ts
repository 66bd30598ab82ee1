import { loadDefinition } from '../../../local/step-functions/definition/load.ts';
import type { ExecutionResult } from '../../../local/step-functions/interpreter/execution.ts';
import type { Json } from '../../../local/step-functions/json.ts';
import { runDefinition, type RunOptions } from '../../setup/run-definition.ts';

/** Runs states of a JSONata machine that begins with the first of them; Tasks are answered by what `perform` gives. */
export async function runStates(
  states: Record<string, object>,
  input: Json = {},
  options: Partial<RunOptions> & { machine?: object } = {},
): Promise<ExecutionResult> {
  const { machine, ...rest } = options;
  return runDefinition(loadStates(states, machine), input, { perform: () => ({}), ...rest });
}

export function loadStates(states: Record<string, object>, more: object = {}): ReturnType<typeof loadDefinition> {
  const [StartAt] = Object.keys(states);
  return loadDefinition('test', JSON.stringify({ QueryLanguage: 'JSONata', StartAt, States: states, ...more }));
}

/** The output of a Pass state with this Output. */
export async function outputOf(Output: unknown, input: Json = {}): Promise<Json> {
  const result = await runStates({ Say: { Type: 'Pass', Output, End: true } }, input);
  if (result.status !== 'SUCCEEDED') throw new Error(`${result.error}: ${result.cause}`);
  return result.output;
}
