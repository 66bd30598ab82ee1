import { flowsOf } from '../definition/check-flow.ts';
import type { Machine, TaskState } from '../definition/machine.ts';
import { sdkServiceOf } from '../definition/resource.ts';
import { isObject } from '../json.ts';
import { commandClassOf, loadPackage, UnknownAction } from './sdk.ts';
import { requiredParameters, shapesOf, toParameters, UnknownShape } from './shapes.ts';

/**
 * What is wrong with the Arguments of a machine's SDK integrations, as far as they are written out: Step Functions refuses unknown
 * parameters, and missing ones that the API or idempotency needs, when a machine is created.
 */
export async function parameterProblems(machine: Machine): Promise<string[]> {
  const tasks = flowsOf(machine).flatMap(({ states }) => [...states.values()].filter((state) => state.type === 'Task'));
  const problems = await Promise.all(tasks.map(problemsOf));
  return problems.flat();
}

async function problemsOf(task: TaskState): Promise<string[]> {
  const { name, resource } = task;
  const given = task.arguments?.source;
  const service = sdkServiceOf(resource);
  if (!service) return given === undefined ? [`${name}: ${resource.resource} needs Arguments`] : [];
  const sdk = await loadPackage(service);
  try {
    const Command = commandClassOf(resource, sdk);
    const { input } = shapesOf(new Command({}).schema);
    if (given === undefined) return [`${name}: an SDK integration needs Arguments, be they {}`];
    if (!isObject(given)) return [];
    toParameters(input, given, 'Arguments');
    const missing = requiredParameters(input).filter((parameter) => !(parameter in given));
    return missing.map((parameter) => `${name}: Arguments: ${resource.resource} needs ${parameter}`);
  } catch (error) {
    if (error instanceof UnknownShape || error instanceof UnknownAction) return [`${name}: ${error.message}`];
    throw error;
  }
}
