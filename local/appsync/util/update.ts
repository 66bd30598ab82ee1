import { toDynamoDB, type TypedValue } from './dynamodb-values.ts';
import type { Expression } from './expressions.ts';

interface Operation {
  type: string;
  value?: unknown;
  items?: unknown[];
  by?: number;
  index?: number;
}

/** `operations` of `@aws-appsync/utils/dynamodb`: what to do to an attribute, other than setting it. */
export const operations = {
  add: (value: unknown): Operation => ({ type: 'OPERATION_ADD', value }),
  remove: (): Operation => ({ type: 'OPERATION_REMOVE' }),
  replace: (value: unknown): Operation => ({ type: 'OPERATION_REPLACE', value }),
  increment: (by = 1): Operation => ({ type: 'OPERATION_INCREMENT', by }),
  decrement: (by = 1): Operation => ({ type: 'OPERATION_DECREMENT', by }),
  append: (items: unknown[]): Operation => ({ type: 'OPERATION_APPEND', items }),
  prepend: (items: unknown[]): Operation => ({ type: 'OPERATION_PREPEND', items }),
  updateListItem: (value: unknown, index: number): Operation => ({ type: 'OPERATION_UPDATE_LIST_ITEM', value, index }),
};

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'type' in value && String(value.type).startsWith('OPERATION_');
}

/**
 * The update expression of an object of attributes: plain values are set, operations do theirs, and members of plain
 * objects are updated one by one, so that their neighbours stay (`operations.replace` sets the whole object).
 */
export function updateExpression(update: Record<string, unknown>): Partial<Expression> {
  const expressionNames: Record<string, string> = {};
  const expressionValues: Record<string, TypedValue> = {};
  const sets: string[] = [];
  const removes: string[] = [];
  const bind = (value: unknown): string => {
    const placeholder = `:expValue_${Object.keys(expressionValues).length + 1}`;
    expressionValues[placeholder] = toDynamoDB(value);
    return placeholder;
  };
  const name = (attribute: string): string => {
    const placeholder = `#expName_${Object.keys(expressionNames).length + 1}`;
    expressionNames[placeholder] = attribute;
    return placeholder;
  };
  const visit = (attributes: Record<string, unknown>, parent: string): void => {
    for (const [attribute, value] of Object.entries(attributes)) {
      const path = parent + name(attribute);
      if (isOperation(value)) apply(value, path);
      else if (typeof value === 'object' && value !== null && !Array.isArray(value))
        visit(value as Record<string, unknown>, `${path}.`);
      else sets.push(`${path} = ${bind(value)}`);
    }
  };
  const apply = (operation: Operation, path: string): void => {
    const { type, value, items, by, index } = operation;
    if (type === 'OPERATION_REMOVE') removes.push(path);
    else if (type === 'OPERATION_INCREMENT') sets.push(`${path} = ${path} + ${bind(by)}`);
    else if (type === 'OPERATION_DECREMENT') sets.push(`${path} = ${path} - ${bind(by)}`);
    else if (type === 'OPERATION_APPEND') sets.push(`${path} = list_append(${path}, ${bind(items)})`);
    else if (type === 'OPERATION_PREPEND') sets.push(`${path} = list_append(${bind(items)}, ${path})`);
    else if (type === 'OPERATION_UPDATE_LIST_ITEM') sets.push(`${path}[${index}] = ${bind(value)}`);
    else sets.push(`${path} = ${bind(value)}`);
  };
  visit(update, '');
  const clauses = [
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
    ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
  ];
  const values = Object.keys(expressionValues).length > 0 ? { expressionValues } : {};
  return { expression: clauses.join(' '), expressionNames, ...values };
}
