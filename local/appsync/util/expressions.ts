import { toDynamoDB, type TypedValue } from './dynamodb-values.ts';

/** An expression with the names and typed values it uses, as request objects carry it. */
export interface Expression {
  expression: string;
  expressionNames: Record<string, string>;
  expressionValues: Record<string, TypedValue>;
}

type Filter = Record<string, unknown>;

const comparators: Record<string, string> = { eq: '=', ne: '<>', le: '<=', lt: '<', ge: '>=', gt: '>' };
/** DynamoDB's names of types, by AppSync's (`attributeType`). */
const typeNames: Record<string, string> = {
  _null: 'NULL',
  string: 'S',
  stringSet: 'SS',
  number: 'N',
  numberSet: 'NS',
  binary: 'B',
  binarySet: 'BS',
  boolean: 'BOOL',
  list: 'L',
  map: 'M',
};

/**
 * The expression a filter object means, in AppSync's own form: `(contains(#title,:title_contains))`, conditions joined
 * by AND, nested ones by the `and`, `or`, `not` that hold them.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/transformation-helpers-in-util-transform-js.html
 */
export function expressionOf(filter: Filter): Expression {
  const built: Expression = { expression: '', expressionNames: {}, expressionValues: {} };
  return { ...built, expression: conjunction(filter, built) };
}

function conjunction(filter: Filter, built: Expression): string {
  const terms = Object.entries(filter)
    .filter(([, operand]) => operand !== null && operand !== undefined)
    .flatMap(([name, operand]) => termsOf(name, operand, built));
  return terms.map((term) => `(${term})`).join(' AND ');
}

function termsOf(name: string, operand: unknown, built: Expression): string[] {
  if (name === 'and' || name === 'or') {
    const parts = (Array.isArray(operand) ? operand : [operand]).map((part: Filter) => conjunction(part, built));
    return [parts.map((part) => `(${part})`).join(` ${name.toUpperCase()} `)];
  }
  if (name === 'not') return [`NOT (${conjunction(operand as Filter, built)})`];
  const path = pathOf(name, built);
  return Object.entries(operand as Record<string, unknown>)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([operator, value]) => termOf(name, path, operator, value, built));
}

function pathOf(name: string, built: Expression): string {
  const placeholder = `#${identifier(name)}`;
  built.expressionNames[placeholder] = name;
  return placeholder;
}

function termOf(name: string, path: string, operator: string, value: unknown, built: Expression): string {
  const bind = (bound: unknown, suffix = ''): string => {
    const base = `:${identifier(name)}_${operator}${suffix}`;
    let placeholder = base;
    for (let copy = 1; Object.hasOwn(built.expressionValues, placeholder); copy++) placeholder = `${base}_${copy}`;
    built.expressionValues[placeholder] = toDynamoDB(bound);
    return placeholder;
  };
  const comparator = comparators[operator];
  if (comparator) return `${path} ${comparator} ${bind(value)}`;
  if (operator === 'between') {
    const [low, high] = value as [unknown, unknown];
    return `${path} BETWEEN ${bind(low, '_0')} AND ${bind(high, '_1')}`;
  }
  if (operator === 'in')
    return `${path} IN (${(value as unknown[]).map((one, index) => bind(one, `_${index}`)).join(', ')})`;
  if (operator === 'beginsWith') return `begins_with(${path},${bind(value)})`;
  if (operator === 'contains') return `contains(${path},${bind(value)})`;
  if (operator === 'notContains') return `NOT contains(${path},${bind(value)})`;
  if (operator === 'attributeExists')
    return value === true ? `attribute_exists(${path})` : `attribute_not_exists(${path})`;
  if (operator === 'attributeType') return `attribute_type(${path},${bind(typeNames[String(value)] ?? value)})`;
  throw new Error(`Filters have no operator ${operator}.`);
}

function identifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_');
}
