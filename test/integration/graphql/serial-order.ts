/** What a chat's permissions come to: who has which role. */
export type Rights = ReadonlyMap<string, string>;

/** A change as its caller asked for it; no role: a revocation. An administrator needs no right in the chat, nor does who leaves it. */
export type Change = { caller: string; administrator: boolean; target: string; role?: string };

/** A change with what its caller was answered: `done`, or the error's type. */
export type Answered = Change & { outcome: string };

/** What the rules say of one change alone: docs/graphql.md. */
export function apply(rights: Rights, { caller, administrator, target, role }: Change): [outcome: string, Rights] {
  const refused = (outcome: string): [string, Rights] => [outcome, rights];
  const leaves = caller === target && role === undefined;
  if (!administrator && !leaves && rights.get(caller) !== 'admin') return refused('Forbidden');
  const before = rights.get(target);
  if (!role && !before) return refused('NotFound');
  const admins = [...rights.values()].filter((held) => held === 'admin').length;
  if (before === 'admin' && role !== 'admin' && admins === 1) return refused('Conflict');
  const after = new Map(rights);
  if (role) after.set(target, role);
  else after.delete(target);
  return ['done', after];
}

/**
 * Looks for an order in which the changes, one after the other, give exactly these answers and end with these rights.
 * @returns the order, as indices; undefined when there is none
 */
export function serialOrder(start: Rights, changes: readonly Answered[], end: Rights): number[] | undefined {
  const wanted = textOf(end);
  const hopeless = new Set<string>();
  const search = (rights: Rights, order: number[], done: number): number[] | undefined => {
    if (order.length === changes.length) return textOf(rights) === wanted ? order : undefined;
    const here = `${done} ${textOf(rights)}`;
    if (hopeless.has(here)) return undefined;
    const possible = changes.flatMap((change, index) => {
      if (done & (1 << index)) return [];
      const [outcome, next] = apply(rights, change);
      return outcome === change.outcome ? [{ index, next }] : [];
    });
    // A refused change alters nothing wherever it stands: an order that works from here on works with it moved here, too.
    const refused = possible.find(({ index }) => changes[index]?.outcome !== 'done');
    for (const { index, next } of refused ? [refused] : possible) {
      const found = search(next, [...order, index], done | (1 << index));
      if (found) return found;
    }
    hopeless.add(here);
    return undefined;
  };
  return search(start, [], 0);
}

function textOf(rights: Rights): string {
  return JSON.stringify([...rights].sort());
}
