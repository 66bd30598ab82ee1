import { toMapValues } from './dynamodb-values.ts';
import { type Expression, expressionOf } from './expressions.ts';
import { operations, updateExpression } from './update.ts';

type Input = Record<string, unknown>;

/** Leaves out what the caller did not give, as AppSync's helpers do. */
function given(request: Input): Input {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined && value !== null));
}

function typed(key: unknown): unknown {
  return toMapValues(key as object);
}

/** A condition or filter; without values when it uses none, since DynamoDB refuses an empty map of them. */
function condition(filter: unknown): Partial<Expression> | undefined {
  if (!filter) return undefined;
  const { expression, expressionNames, expressionValues } = expressionOf(filter as Input);
  return { expression, expressionNames, ...(Object.keys(expressionValues).length > 0 ? { expressionValues } : {}) };
}

function projection(paths: unknown): Input | undefined {
  if (!paths) return undefined;
  const expressionNames: Record<string, string> = {};
  const parts = (paths as string[]).map((path) =>
    path
      .split('.')
      .map((part) => {
        const [name = part] = part.split('[');
        const placeholder = `#${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
        expressionNames[placeholder] = name;
        return part.replace(name, placeholder);
      })
      .join('.'),
  );
  return { expression: parts.join(', '), expressionNames };
}

function byTable(tables: unknown, convert: (table: never) => unknown): Input {
  return Object.fromEntries(
    Object.entries(tables as Record<string, never>).map(([name, table]) => [name, convert(table)]),
  );
}

const versioned = ['customPartitionKey', 'populateIndexFields', '_version'];

function versionedOf(input: Input): Input {
  return Object.fromEntries(versioned.map((name) => [name, input[name]]));
}

/** One request of a write transaction: `{putItem: {...}}` becomes `{operation: 'PutItem', ...}`. */
function transactItem(item: Input): Input {
  const [[kind, value] = ['', {}]] = Object.entries(item) as [string, Input][];
  const operation = kind.charAt(0).toUpperCase() + kind.slice(1);
  const { table, key, condition: filter } = value;
  return given({
    table,
    operation,
    key: typed(key),
    attributeValues: kind === 'putItem' ? toMapValues(value['item'] as object) : undefined,
    update: kind === 'updateItem' ? updateExpression(value['update'] as Input) : undefined,
    condition: condition(filter),
  });
}

/**
 * The module `@aws-appsync/utils/dynamodb`: functions that make request objects.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/built-in-modules-js.html
 */
export const dynamodbModule = {
  get: ({ key, consistentRead, projection: paths }: Input) =>
    given({ operation: 'GetItem', key: typed(key), consistentRead, projection: projection(paths) }),
  put: (input: Input) =>
    given({
      operation: 'PutItem',
      key: typed(input['key']),
      attributeValues: toMapValues(input['item'] as object),
      condition: condition(input['condition']),
      ...versionedOf(input),
    }),
  update: (input: Input) =>
    given({
      operation: 'UpdateItem',
      key: typed(input['key']),
      update: updateExpression(input['update'] as Input),
      condition: condition(input['condition']),
      ...versionedOf(input),
    }),
  remove: (input: Input) =>
    given({
      operation: 'DeleteItem',
      key: typed(input['key']),
      condition: condition(input['condition']),
      ...versionedOf(input),
    }),
  query: ({ query, filter, projection: paths, ...rest }: Input) =>
    given({
      operation: 'Query',
      query: condition(query),
      filter: condition(filter),
      projection: projection(paths),
      ...rest,
    }),
  scan: ({ filter, projection: paths, ...rest }: Input) =>
    given({ operation: 'Scan', filter: condition(filter), projection: projection(paths), ...rest }),
  sync: ({ filter, ...rest }: Input) => given({ operation: 'Sync', filter: condition(filter), ...rest }),
  batchGet: ({ tables }: Input) => ({
    operation: 'BatchGetItem',
    tables: byTable(tables, ({ keys, consistentRead, projection: paths }: { keys: unknown[] } & Input) =>
      given({ keys: keys.map(typed), consistentRead, projection: projection(paths) }),
    ),
  }),
  batchPut: ({ tables }: Input) => ({
    operation: 'BatchPutItem',
    tables: byTable(tables, (items: unknown[]) => items.map(typed)),
  }),
  batchDelete: ({ tables }: Input) => ({
    operation: 'BatchDeleteItem',
    tables: byTable(tables, (keys: unknown[]) => keys.map(typed)),
  }),
  transactGet: ({ items }: Input) => ({
    operation: 'TransactGetItems',
    transactItems: (items as Input[]).map(({ table, key, projection: paths }) =>
      given({ table, key: typed(key), projection: projection(paths) }),
    ),
  }),
  transactWrite: ({ items }: Input) => ({
    operation: 'TransactWriteItems',
    transactItems: (items as Input[]).map(transactItem),
  }),
  toStringSet: (list: string[]) => ({ SS: list }),
  toNumberSet: (list: number[]) => ({ NS: list }),
  toBinarySet: (list: string[]) => ({ BS: list }),
  operations,
};
