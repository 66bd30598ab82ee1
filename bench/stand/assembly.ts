import { functionsOf } from '../../local/lambda/from-template.ts';
import type { FunctionDefinition } from '../../local/lambda/function.ts';
import { type Assembly, readAssembly } from '../../local/template/assembly.ts';
import { resolveStack, type Stack, type SupportedResources } from '../../local/template/stack.ts';

/** A synthesized template, resolved: the tables, functions and roles a bench takes from it, the rest as it is. */
export function readStack(folder: string): { stack: Stack; functions: Map<string, FunctionDefinition> } {
  const assembly = readAssembly(folder);
  const where = { stackName: assembly.stackName, region: 'us-east-1', accountId: '000000000000' };
  const stack = resolveStack(assembly, where, everythingIn(assembly));
  const definitions = functionsOf(stack, assembly);
  return { stack, functions: new Map(definitions.map((definition) => [definition.name, definition])) };
}

function everythingIn({ template }: Assembly): SupportedResources {
  const supported: Record<string, Record<string, 'implemented'>> = {};
  for (const { Type, Properties = {} } of Object.values(template.Resources)) {
    const properties = (supported[Type] ??= {});
    for (const name of Object.keys(Properties)) properties[name] = 'implemented';
  }
  return supported;
}
