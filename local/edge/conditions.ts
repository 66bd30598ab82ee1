import { arnMatcher, caselessMatcher, textMatcher, type Matcher } from './wildcard.ts';

/** The context of a call: condition key in lower case to its value, or its values where it may have several; an absent key has none. */
export type ConditionContext = ReadonlyMap<string, string | readonly string[]>;

/** True when every condition of a statement holds. */
export type ConditionTest = (context: ConditionContext) => boolean;

/** Keys that the edge tells of calls of some actions only: of others a statement that asks for one would be answered wrongly. */
export const keysOfActions: Readonly<Record<string, readonly string[]>> = {
  'cloudwatch:namespace': ['cloudwatch:PutMetricData'],
  'dynamodb:leadingkeys': ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
};

/** Keys the edge can tell; a statement that asks for another would be answered wrongly, so it is refused. */
const knownKeys = new Set([
  ...Object.keys(keysOfActions),
  'aws:securetransport',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalisawsservice',
  'aws:requestedregion',
]);

type Operator = { matcher: (expected: string) => Matcher; negated?: true };

const equals =
  (expected: string): Matcher =>
  (value) =>
    value === expected;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const operators: Record<string, Operator | undefined> = {
  Bool: { matcher: caselessMatcher },
  StringEquals: { matcher: equals },
  StringNotEquals: { matcher: equals, negated: true },
  StringEqualsIgnoreCase: { matcher: (expected) => (value) => value.toLowerCase() === expected.toLowerCase() },
  StringLike: { matcher: textMatcher },
  StringNotLike: { matcher: textMatcher, negated: true },
  // AWS treats the two ARN operators as one.
  ArnEquals: { matcher: arnMatcher },
  ArnLike: { matcher: arnMatcher },
  ArnNotEquals: { matcher: arnMatcher, negated: true },
  ArnNotLike: { matcher: arnMatcher, negated: true },
};

/**
 * Compiles the `Condition` block of a statement: operators and keys are all required, of several values one suffices (for a negated
 * operator, none may match). A missing key fails a positive operator and passes a negated or `...IfExists` one. `ForAllValues:` asks it of
 * each of the call's values, and so passes where there is none.
 * @throws Error naming the operator, key or value the edge does not implement.
 */
export function compileConditions(block: unknown): ConditionTest {
  if (block === undefined) return () => true;
  if (typeof block !== 'object' || block === null) throw new Error('Condition: expected an object');
  const tests: ConditionTest[] = [];
  for (const [name, keys] of Object.entries(block)) {
    for (const [key, values] of Object.entries(keys as Record<string, unknown>)) {
      tests.push(compileOne(name, key, values));
    }
  }
  return (context) => tests.every((test) => test(context));
}

function compileOne(name: string, key: string, values: unknown): ConditionTest {
  const contextKey = key.toLowerCase();
  if (!knownKeys.has(contextKey)) throw new Error(`Condition: the key ${key} is not implemented`);
  const expected = (Array.isArray(values) ? values : [values]).map((value: unknown) => {
    if (typeof value === 'string' || typeof value === 'boolean') return String(value);
    throw new Error(`Condition: ${name} ${key}: expected text, received ${JSON.stringify(value)}`);
  });
  if (name === 'Null') return (context) => expected.some((absent) => context.has(contextKey) !== (absent === 'true'));
  const forAll = name.startsWith(forAllValues);
  const operator = operators[name.slice(forAll ? forAllValues.length : 0).replace(/IfExists$/, '')];
  if (!operator) throw new Error(`Condition: the operator ${name} is not implemented`);
  const matchers = expected.map(operator.matcher);
  const withoutKey = forAll || operator.negated === true || name.endsWith('IfExists');
  const holds = (value: string): boolean => matchers.some((matches) => matches(value)) !== (operator.negated === true);
  return (context) => {
    const value = context.get(contextKey);
    if (value === undefined) return withoutKey;
    return typeof value === 'string' ? holds(value) : forAll && value.every(holds);
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html */
const forAllValues = 'ForAllValues:';
