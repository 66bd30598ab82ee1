import { expressionProblems, type Extra } from '../expressions/check.ts';
import type { Expression } from '../expressions/expression.ts';
import type { Template } from '../expressions/template.ts';
import { isObject } from '../json.ts';
import { innerFlows } from './check-flow.ts';
import type { Flow, Outcome, State } from './machine.ts';
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

function expressionsOf(state: State): { expression: Expression; extra?: Extra }[] {
  const plain = (...templates: (Template | undefined)[]): { expression: Expression; extra?: Extra }[] =>
    templates.flatMap((template) => template?.expressions ?? []).map((expression) => ({ expression }));
  const having = (extra: Extra, outcomes: Outcome[]): { expression: Expression; extra?: Extra }[] =>
    outcomes.flatMap(({ output, assign }) => plain(output, assign).map(({ expression }) => ({ expression, extra })));
  switch (state.type) {
    case 'Pass':
      return plain(state.output, state.assign);
    case 'Succeed':
      return plain(state.output);
    case 'Fail':
      return plain(state.error, state.cause);
    case 'Wait':
      return plain(state.seconds, state.timestamp, state.output, state.assign);
    case 'Choice':
      return [state, ...state.choices].flatMap((outcome) =>
        plain('condition' in outcome ? outcome.condition : undefined, outcome.output, outcome.assign),
      );
    case 'Task':
      return [
        ...plain(state.arguments, state.timeoutSeconds),
        ...having('result', [state]),
        ...having('errorOutput', state.catch),
      ];
    case 'Parallel':
      return [...plain(state.arguments), ...having('result', [state]), ...having('errorOutput', state.catch)];
    case 'Map':
      return [
        ...plain(state.items, state.maxConcurrency),
        ...having('map', [state.itemSelector ? { output: state.itemSelector } : {}]),
        ...having('result', [state]),
        ...having('errorOutput', state.catch),
      ];
  }
}
