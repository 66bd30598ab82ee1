import type { Expression } from './expression.ts';
import { functionNames } from './functions.ts';
import { namesBoundIn, nodesOf, type SyntaxNode, withoutContext } from './syntax.ts';

/** What there is besides `$states.input` and `$states.context`: `map` stands for `$states.context.Map`. */
export type Extra = 'result' | 'errorOutput' | 'map';

/**
 * What is wrong with an expression, as far as its text alone tells.
 * @param variables names of the variables in scope
 * @param extra what there is at this place besides the input and the context
 */
export function expressionProblems(
  { tree, source }: Expression,
  variables: ReadonlySet<string>,
  extra?: Extra,
): string[] {
  const nodes = [...nodesOf(tree)];
  const local = namesBoundIn(nodes);
  const problems = nodes.flatMap((node) => [
    ...unknownName(node, variables, local),
    ...hiddenFunction(node, variables),
    ...newerOperator(node, source),
    ...missingPart(node, extra),
  ]);
  return [...new Set([...problems, ...withoutContext(tree)])];
}

function unknownName(
  { type, value }: SyntaxNode,
  variables: ReadonlySet<string>,
  local: ReadonlySet<string>,
): string[] {
  if (type !== 'variable' || typeof value !== 'string' || value === '' || value === '$') return [];
  if (value === 'eval') return ['Step Functions has no $eval; $parse reads JSON'];
  if (value === 'states' || variables.has(value) || local.has(value) || functionNames.has(value)) return [];
  return [`there is no variable or function $${value} here`];
}

/** A variable hides the function of its name, and then the call fails. */
function hiddenFunction({ type, procedure }: SyntaxNode, variables: ReadonlySet<string>): string[] {
  if (type !== 'function' || procedure?.type !== 'variable') return [];
  const name = String(procedure.value);
  return variables.has(name) && functionNames.has(name) ? [`the variable $${name} hides the function $${name}()`] : [];
}

/**
 * "Step Functions supports JSONata version 2.0.6" (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html); 2.1 parses
 * `a ?? b` and `a ?: b` as conditions, of which only the place in the text tells.
 */
function newerOperator({ type, position = 0 }: SyntaxNode, source: string): string[] {
  const newer = type === 'condition' && ['??', '?:'].includes(source.slice(position - 2, position));
  return newer ? ['Step Functions has JSONata 2.0.6, which has no ?? and no ?:'] : [];
}

/** `$states.result` and the like where there is none: creating the machine would fail (same page). */
function missingPart({ type, steps = [] }: SyntaxNode, extra: Extra | undefined): string[] {
  const [first, ...path] = steps;
  if (type !== 'path' || first?.type !== 'variable' || first.value !== 'states') return [];
  const [part, inner] = path.map((step) => (step.type === 'name' ? step.value : undefined));
  if (part === 'context' && inner === 'Map' && extra !== 'map') {
    return ['$states.context.Map is there for ItemSelector only, which can hand on what is in it'];
  }
  if (typeof part !== 'string' || ['input', 'context', extra].includes(part)) return [];
  return [`$states has no ${part} here`];
}
