/** A node of JSONata's syntax tree, as far as checks look into it. */
export type SyntaxNode = {
  type?: string;
  value?: unknown;
  position?: number;
  steps?: SyntaxNode[];
  procedure?: SyntaxNode;
  arguments?: SyntaxNode[];
};

/** Every node of a tree; whatever shape a kind of node has, its parts are objects. */
export function* nodesOf(tree: unknown): Generator<SyntaxNode> {
  if (typeof tree !== 'object' || tree === null) return;
  if (!Array.isArray(tree)) yield tree;
  for (const part of Object.values(tree)) yield* nodesOf(part);
}

/** The names that an expression binds itself: parameters of functions, and what `:=`, `@` and `#` bind. */
export function namesBoundIn(nodes: readonly SyntaxNode[]): Set<string> {
  const names = nodes.flatMap((node) => {
    const { focus, index, lhs } = node as { focus?: unknown; index?: unknown; lhs?: SyntaxNode };
    const bound = node.type === 'bind' ? [lhs?.value] : [];
    const parameters = node.type === 'lambda' ? (node.arguments ?? []).map(({ value }) => value) : [];
    return [focus, index, ...bound, ...parameters].filter((name) => typeof name === 'string');
  });
  return new Set(names);
}

/** Parts of a node that are evaluated for each value the node gives, which is their context. */
const withContext = ['predicate', 'stages', 'group', 'terms', 'pattern', 'update', 'delete'];

/**
 * Fields, `$` and `$$` where there is nothing they could be of: an expression of Step Functions has no input, only variables. What names
 * them there gives nothing, always.
 */
export function withoutContext(tree: unknown): string[] {
  if (typeof tree !== 'object' || tree === null) return [];
  if (Array.isArray(tree)) return tree.flatMap(withoutContext);
  const { type, value } = tree as SyntaxNode;
  const nothing = 'gives nothing here: there are $states and variables only';
  if (type === 'name') return [`the field ${String(value)} ${nothing}`];
  if (type === 'variable' && (value === '' || value === '$')) return [`$${String(value)} ${nothing}`];
  if (type === 'path') return withoutContext((tree as { steps: SyntaxNode[] }).steps[0]);
  return Object.entries(tree).flatMap(([name, part]) => (withContext.includes(name) ? [] : withoutContext(part)));
}
