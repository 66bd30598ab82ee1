import { isObject, type Json } from '../json.ts';
import { checkExpressions } from './check-expressions.ts';
import { checkFlow } from './check-flow.ts';
import type { Machine } from './machine.ts';
import { Problems, RefusedDefinition } from './problems.ts';
import { readMachine } from './read.ts';

/**
 * Loads a definition of an Express JSONata machine, and refuses by name whatever such a machine has not got or the embedded cloud does
 * not implement.
 * @param text the definition, with `${NAME}` for each substitution
 * @param substitutions DefinitionSubstitutions of AWS::StepFunctions::StateMachine
 * @throws RefusedDefinition with every reason
 */
export function loadDefinition(name: string, text: string, substitutions: Record<string, string> = {}): Machine {
  const problems = new Problems();
  const definition = problems.attempt('definition', () => JSON.parse(substitute(text, substitutions)) as Json);
  if (!isObject(definition))
    throw new RefusedDefinition(name, [...problems.found, 'definition: expected a JSON object']);
  const machine = readMachine(definition, problems);
  checkFlow(machine, problems);
  checkExpressions(machine, problems);
  if (problems.found.length > 0) throw new RefusedDefinition(name, problems.found);
  return machine;
}

/**
 * The definition as CloudFormation hands it to Step Functions
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html).
 * @throws Error naming placeholders without a value
 */
export function substitute(text: string, substitutions: Record<string, string>): string {
  const unknown = new Set<string>();
  const substituted = text.replace(/\$\{([A-Za-z0-9_]+)\}/g, (whole, name: string) => {
    const value = substitutions[name];
    if (value === undefined) unknown.add(name);
    return value ?? whole;
  });
  if (unknown.size > 0) throw new Error(`no substitution is given for ${[...unknown].join(', ')}`);
  return substituted;
}
