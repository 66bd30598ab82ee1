import { expressionProblems, type Extra } from '../expressions/check.ts';
import type { Expression } from '../expressions/expression.ts';
import type { Template } from '../expressions/template.ts';
import { isObject } from '../json.ts';
import { innerFlows } from './check-flow.ts';
import type { Flow, Outcome, Recovering, State } from './machine.ts';
import type { Problems } from './problems.ts';

/**
 * Checks what each expression names: functions and variables that exist, and of `$states` only what there is at that place
 * (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html); and the scopes of variables
 * (https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html).
 */
export function checkExpressions(machine: Flow, problems: Problems): void {
  checkScope(machine, new Set(), problems);
}

/**
 * A Parallel branch and a Map's states are a scope of their own: they see the variables around them, and may assign none of the same name.
 */
function checkScope(flow: Flow, outer: ReadonlySet<string>, problems: Problems): void {
  const own = assignedIn(flow);
  for (const name of own) {
    if (name === 'states') problems.add('Assign', 'the variable $states is reserved');
    // https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html: Unicode identifiers of up to 80 characters.
    if (!/^\p{ID_Start}[\p{ID_Continue}\u200c\u200d]{0,79}$/u.test(name))
      problems.add('Assign', `$${name} is no name for a variable`);
    if (outer.has(name))
      problems.add('Assign', `$${name} belongs to an outer scope, whose variables cannot be assigned here`);
  }
  const visible = new Set([...outer, ...own]);
  for (const state of flow.states.values()) {
    for (const { expression, extra } of expressionsOf(state)) {
      for (const problem of expressionProblems(expression, visible, extra)) {
        problems.add(state.name, `${expression.location}: ${problem}`);
      }
    }
    for (const inner of innerFlows(state)) checkScope(inner, visible, problems);
  }
}

function assignedIn({ states }: Flow): Set<string> {
  return new Set(
    [...states.values()].flatMap((state) =>
      outcomesOf(state).flatMap(({ assign }) => (isObject(assign?.source) ? Object.keys(assign.source) : [])),
    ),
  );
}

function outcomesOf(state: State): Outcome[] {
  const own = 'assign' in state ? [state] : [];
  if (state.type === 'Choice') return [...own, ...state.choices];
  return 'catch' in state ? [...own, ...state.catch] : own;
}

type Placed = { expression: Expression; extra?: Extra };

function expressionsOf(state: State): Placed[] {
  switch (state.type) {
    case 'Pass':
      return placed([state.output, state.assign]);
    case 'Succeed':
      return placed([state.output]);
    case 'Fail':
      return placed([state.error, state.cause]);
    case 'Wait':
      return placed([state.seconds, state.timestamp, state.output, state.assign]);
    case 'Choice':
      return [
        ...placed([state.output, state.assign]),
        ...state.choices.flatMap(({ condition, output, assign }) => placed([condition, output, assign])),
      ];
    case 'Task':
      return [...placed([state.arguments, state.timeoutSeconds]), ...ofResult(state)];
    case 'Parallel':
      return [...placed([state.arguments]), ...ofResult(state)];
    case 'Map':
      return [
        ...placed([state.items, state.maxConcurrency]),
        ...placed([state.itemSelector], 'map'),
        ...ofResult(state),
      ];
  }
}

/** The expressions in these fields, with what they can see. */
function placed(templates: (Template | undefined)[], extra?: Extra): Placed[] {
  const expressions = templates.flatMap((template) => template?.expressions ?? []);
  return expressions.map((expression) => ({ expression, ...(extra && { extra }) }));
}

/** What follows on a result, or on an error that is caught. */
function ofResult({ output, assign, catch: catchers }: Outcome & Recovering): Placed[] {
  const caught = catchers.flatMap((catcher) => placed([catcher.output, catcher.assign], 'errorOutput'));
  return [...placed([output, assign], 'result'), ...caught];
}
