import type { Expression } from './expression.ts';
import { functionNames } from './functions.ts';

type Node = {
  type?: string;
  value?: unknown;
  position?: number;
  steps?: Node[];
  procedure?: Node;
  arguments?: Node[];
  lhs?: unknown;
};

/**
 * What is wrong with an expression, as far as its text alone tells.
 * @param variables names of the variables in scope
 * @param extra what `$states` has at this place besides `input` and `context`
 */
export function expressionProblems(
  expression: Expression,
  variables: ReadonlySet<string>,
  extra?: 'result' | 'errorOutput',
): string[] {
  const problems = new Set<string>();
  const nodes = [...nodesOf(expression.tree)];
  const local = namesBoundIn(nodes);
  const known = (name: string): boolean =>
    name === 'states' || variables.has(name) || local.has(name) || functionNames.has(name);
  for (const node of nodes) {
    if (node.type === 'variable' && typeof node.value === 'string' && node.value !== '' && node.value !== '$') {
      if (node.value === 'eval') problems.add('Step Functions has no $eval; $parse reads JSON');
      else if (!known(node.value)) problems.add(`there is no variable or function $${node.value} here`);
    }
    if (isNewerOperator(node, expression.source)) {
      problems.add('Step Functions has JSONata 2.0.6, which has no ?? and no ?:');
    }
    const named = partOfStates(node);
    if (named !== undefined && !['input', 'context', extra].includes(named)) {
      problems.add(`$states has no ${named} here`);
    }
  }
  return [...problems];
}

/** Every node of a syntax tree; whatever shape a kind of node has, its parts are objects with a `type`. */
function* nodesOf(tree: unknown): Generator<Node> {
  if (typeof tree !== 'object' || tree === null) return;
  if (!Array.isArray(tree)) yield tree;
  for (const part of Object.values(tree)) yield* nodesOf(part);
}

/** Parameters of functions, and what `:=`, `@` and `#` bind within the expression. */
function namesBoundIn(nodes: Node[]): Set<string> {
  const names = nodes.flatMap((node) => {
    const { focus, index } = node as { focus?: unknown; index?: unknown };
    const bound = node.type === 'bind' ? [(node.lhs as Node).value] : [];
    const parameters = node.type === 'lambda' ? (node.arguments ?? []).map(({ value }) => value) : [];
    return [focus, index, ...bound, ...parameters].filter((name) => typeof name === 'string');
  });
  return new Set(names);
}

/** JSONata 2.1 parses `a ?? b` and `a ?: b` as conditions, of which only the place in the text tells. */
function isNewerOperator({ type, position = 0 }: Node, source: string): boolean {
  return type === 'condition' && ['??', '?:'].includes(source.slice(position - 2, position));
}

/** The name after `$states.` in a path that begins so. */
function partOfStates({ type, steps = [] }: Node): string | undefined {
  const [first, second] = steps;
  if (type !== 'path' || first?.type !== 'variable' || first.value !== 'states' || second?.type !== 'name')
    return undefined;
  return String(second.value);
}
