import { parameterProblems } from '../integrations/check-parameters.ts';
import { RefusedDefinition } from './problems.ts';
import type { JsonObject } from '../json.ts';
import { schemaProblems } from './asl-validator.ts';
import { loadDefinition, substitute } from './load.ts';

/** A definition as the template gives it. */
export type Definition = { name: string; text: string; substitutions: Record<string, string> };

/**
 * Checks what takes too long to load for a boot to wait for: the Amazon States Language's schema (asl-validator), and the parameters of SDK
 * integrations.
 * @throws RefusedDefinition with every reason
 */
export async function checkThoroughly({ name, text, substitutions }: Definition): Promise<void> {
  const machine = loadDefinition(name, text, substitutions);
  const definition = JSON.parse(substitute(text, substitutions)) as JsonObject;
  const problems = [...schemaProblems(definition), ...(await parameterProblems(machine))];
  if (problems.length > 0) throw new RefusedDefinition(name, problems);
}
