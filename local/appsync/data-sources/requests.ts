import { toAttributes } from './values.ts';

export type RequestObject = Record<string, unknown>;

/** A request object that AppSync would refuse before calling anything. */
export class InvalidRequest extends Error {}

/**
 * Throws when a request object has members that its operation does not take, or that the embedded cloud does not
 * implement: ignoring one would look like support.
 */
export function takeOnly(request: RequestObject, what: string, members: string[]): void {
  const known = ['operation', 'version', ...members];
  const unknown = Object.keys(request).filter(
    (name) => request[name] !== undefined && request[name] !== null && !known.includes(name),
  );
  if (unknown.length > 0) throw new InvalidRequest(`${what} does not take ${unknown.join(', ')}.`);
}

/** A member that must be there. */
export function required(request: RequestObject, what: string, name: string): RequestObject {
  const value = request[name];
  if (typeof value !== 'object' || value === null) throw new InvalidRequest(`${what} needs ${name}.`);
  return value as RequestObject;
}

/** An expression's names and values as the SDK takes them; none when it uses none. */
export function expressionParts(...expressions: (RequestObject | undefined)[]): RequestObject {
  const names = Object.assign(
    {},
    ...expressions.map((expression) => expression?.['expressionNames'] ?? {}),
  ) as RequestObject;
  const values = Object.assign(
    {},
    ...expressions.map((expression) => expression?.['expressionValues'] ?? {}),
  ) as RequestObject;
  return {
    ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: toAttributes(values) } : {}),
  };
}

/** An optional expression of a request. */
export function optional(request: RequestObject, name: string): RequestObject | undefined {
  return (request[name] ?? undefined) as RequestObject | undefined;
}

/** What reads have in common: consistency and projection, with the names and values of all expressions. */
export function reading(request: RequestObject, expressions: (RequestObject | undefined)[] = []): RequestObject {
  const projection = optional(request, 'projection');
  return {
    ...(request['consistentRead'] === true ? { ConsistentRead: true } : {}),
    ...(projection ? { ProjectionExpression: projection['expression'] } : {}),
    ...expressionParts(...expressions, projection),
  };
}

function conditionOf(condition: RequestObject): RequestObject {
  // AppSync asks for the item that failed a condition unless told not to.
  const returned = condition['returnValuesOnConditionCheckFailure'] === false ? 'NONE' : 'ALL_OLD';
  return { ConditionExpression: condition['expression'], ReturnValuesOnConditionCheckFailure: returned };
}

/** One action of a write transaction, as the SDK takes it. */
export function transactAction(item: RequestObject): { action: string; input: RequestObject } {
  const operation = String(item['operation']);
  const what = `TransactWriteItems' ${operation}`;
  const condition = optional(item, 'condition');
  if (condition) {
    takeOnly(condition, `${what}'s condition`, [
      'expression',
      'expressionNames',
      'expressionValues',
      'returnValuesOnConditionCheckFailure',
    ]);
  }
  const common = {
    TableName: String(item['table']),
    ...(condition ? conditionOf(condition) : {}),
  };
  const key = toAttributes(required(item, what, 'key'));
  switch (operation) {
    case 'PutItem': {
      takeOnly(item, what, ['table', 'key', 'attributeValues', 'condition']);
      const Item = { ...toAttributes(required(item, what, 'attributeValues')), ...key };
      return { action: 'Put', input: { ...common, Item, ...expressionParts(condition) } };
    }
    case 'UpdateItem': {
      takeOnly(item, what, ['table', 'key', 'update', 'condition']);
      const update = required(item, what, 'update');
      const expression = { UpdateExpression: update['expression'] };
      return { action: 'Update', input: { ...common, Key: key, ...expression, ...expressionParts(update, condition) } };
    }
    case 'DeleteItem':
      takeOnly(item, what, ['table', 'key', 'condition']);
      return { action: 'Delete', input: { ...common, Key: key, ...expressionParts(condition) } };
    case 'ConditionCheck':
      takeOnly(item, what, ['table', 'key', 'condition']);
      required(item, what, 'condition');
      return { action: 'ConditionCheck', input: { ...common, Key: key, ...expressionParts(condition) } };
    default:
      throw new InvalidRequest(`TransactWriteItems has no operation ${operation}.`);
  }
}
