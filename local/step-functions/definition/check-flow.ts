import type { Flow, State } from './machine.ts';
import type { Problems } from './problems.ts';

/** Checks that every transition leads to a state of its own flow, that every state can be reached, and that names are unique throughout. */
export function checkFlow(flow: Flow, problems: Problems): void {
  const names = new Set<string>();
  for (const { states, startAt } of flowsOf(flow)) {
    for (const name of states.keys()) {
      if (names.has(name)) problems.add(name, 'two states have this name; it must be unique within the machine');
      names.add(name);
    }
    if (!states.has(startAt)) problems.add('StartAt', `there is no state ${startAt} among its States`);
    for (const state of states.values()) {
      for (const target of targetsOf(state)) {
        if (!states.has(target)) problems.add(state.name, `it leads to ${target}, which is no state of the same flow`);
      }
    }
    const reached = reachable(states, startAt);
    for (const name of states.keys()) if (!reached.has(name)) problems.add(name, 'no state leads to it');
  }
}

/** A flow and all within its states, outermost first. */
export function flowsOf(flow: Flow): Flow[] {
  return [flow, ...[...flow.states.values()].flatMap((state) => innerFlows(state).flatMap(flowsOf))];
}

/** The flows that one state runs. */
export function innerFlows(state: State): Flow[] {
  if (state.type === 'Parallel') return state.branches;
  return state.type === 'Map' ? [state.processor] : [];
}

function targetsOf(state: State): string[] {
  const next = 'next' in state && state.next !== undefined ? [state.next] : [];
  const caught = 'catch' in state ? state.catch.map((catcher) => catcher.next) : [];
  if (state.type !== 'Choice') return [...next, ...caught];
  return [...state.choices.map((choice) => choice.next), ...(state.default === undefined ? [] : [state.default])];
}

function reachable(states: ReadonlyMap<string, State>, startAt: string): Set<string> {
  const reached = new Set<string>();
  const waiting = [startAt];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const state = states.get(name);
    if (!state || reached.has(name)) continue;
    reached.add(name);
    waiting.push(...targetsOf(state));
  }
  return reached;
}
