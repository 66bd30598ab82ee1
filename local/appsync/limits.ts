import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';
import { ResolverError } from './util/signals.ts';

/** Levels of fields in a document's deepest operation. Fragments add none of their own, and form no ring: that is checked before. */
export function depthOf(document: DocumentNode): number {
  const fragments = new Map(
    document.definitions.flatMap((definition): [string, FragmentDefinitionNode][] =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
  // Each fragment is measured once: in a chain where each spreads the next one twice, the ways through double with every link.
  const known = new Map<string, number>();
  const ofFragment = (name: string): number => {
    const found = known.get(name) ?? depth(fragments.get(name)?.selectionSet);
    known.set(name, found);
    return found;
  };
  const depth = (set: SelectionSetNode | undefined): number =>
    Math.max(
      0,
      ...(set?.selections ?? []).map((selection) => {
        if (selection.kind === Kind.FIELD) return 1 + depth(selection.selectionSet);
        if (selection.kind === Kind.INLINE_FRAGMENT) return depth(selection.selectionSet);
        return ofFragment(selection.name.value);
      }),
    );
  return Math.max(
    0,
    ...document.definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? depth(definition.selectionSet) : 0,
    ),
  );
}

/** Counts the resolvers of one request. */
export class ResolverCount {
  readonly #limit: number;
  #count = 0;

  /** @param limit the API's ResolverCountLimit; 0: AppSync's own, 10,000 */
  constructor(limit: number) {
    this.#limit = limit === 0 ? 10_000 : limit;
  }

  /** @throws ResolverError once the request invokes more resolvers than it may */
  add(): void {
    this.#count++;
    if (this.#count > this.#limit) {
      throw new ResolverError('Resolver invocation limit reached.', 'ResolverExecutionLimitReached');
    }
  }
}
