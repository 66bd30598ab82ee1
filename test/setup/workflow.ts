import { join } from 'node:path';
import { flowsOf } from '../../local/step-functions/definition/check-flow.ts';
import type { Machine } from '../../local/step-functions/definition/machine.ts';
import type { ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import type { Json } from '../../local/step-functions/json.ts';
import { loadDefinitionFile, runDefinition, type RunOptions } from './run-definition.ts';

export { virtualClock } from './virtual-clock.ts';
export { Failure, type Perform, type SdkCall } from './run-definition.ts';

const definitions = join(import.meta.dirname, '../../workflows');

/** A workflow of the service, run without a cloud: its Tasks are answered by the test, its waits pass at once. */
export class Workflow {
  /** The names of all its states, inner ones included. */
  readonly states: readonly string[];
  /** The states that any run so far went through. */
  readonly visited = new Set<string>();
  readonly #machine: Machine;

  /** @param name of the file in `workflows`, without `.asl.json` */
  constructor(name: string, substitutions: Record<string, string> = {}) {
    this.#machine = loadDefinitionFile(join(definitions, `${name}.asl.json`), substitutions);
    this.states = flowsOf(this.#machine).flatMap(({ states }) => [...states.keys()]);
  }

  /** @param perform answers the Tasks' calls; or where the real SDK clients are to send them */
  async run(
    input: Json,
    perform: RunOptions['perform'],
    options: Omit<RunOptions, 'perform'> = {},
  ): Promise<ExecutionResult> {
    const result = await runDefinition(this.#machine, input, { ...options, perform });
    for (const state of result.history) this.visited.add(state);
    return result;
  }
}
