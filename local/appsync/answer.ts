import { type ExecutionResult, getNullableType, type GraphQLError, type GraphQLSchema, isObjectType } from 'graphql';
import { ResolverError } from './util/signals.ts';

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** An error as AppSync's answers list it. */
interface AppSyncError {
  path: readonly (string | number)[] | null;
  data?: unknown;
  errorType?: string | null;
  errorInfo?: unknown;
  locations: { line: number; column: number; sourceName: null }[] | null;
  message: string;
}

const headers = {
  'content-type': 'application/json;charset=UTF-8',
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'x-amzn-RequestId,x-amzn-ErrorType,x-amz-user-agent,x-amzn-ErrorMessage,Date,x-amz-schema-version',
};

/** The answer to a request that did not become a GraphQL execution. */
export function refusal(status: number, errorType: string, message: string): HttpReply {
  const body = JSON.stringify({ errors: [{ errorType, message }] });
  return { status, headers: { ...headers, 'x-amzn-errortype': errorType }, body };
}

export function preflight(): HttpReply {
  const allowed = {
    'access-control-allow-methods': 'GET,POST,OPTIONS',
    'access-control-allow-headers': 'authorization,content-type,x-amz-user-agent',
  };
  return { status: 200, headers: { ...headers, ...allowed }, body: '' };
}

/** The answer to an executed request: status 200, whatever became of its fields. */
export function answer(
  result: ExecutionResult,
  schema: GraphQLSchema,
  appended: readonly AppSyncError[] = [],
): HttpReply {
  const errors = [...appended, ...(result.errors ?? []).map((error) => appSyncError(error, schema))];
  const body = { data: result.data ?? null, ...(errors.length > 0 ? { errors } : {}) };
  return { status: 200, headers, body: JSON.stringify(body) };
}

/** The answer to a document that does not fit the schema, or a request over a limit. */
export function invalid(errors: readonly GraphQLError[], schema: GraphQLSchema): HttpReply {
  return answer({ data: null, errors }, schema);
}

/** An error of a field's resolver. */
export function fieldError(
  error: ResolverError,
  path: readonly (string | number)[],
  locations: AppSyncError['locations'],
): AppSyncError {
  const { data, errorType, errorInfo, message } = error;
  return { path, data, errorType, errorInfo, locations, message };
}

function locationsOf(error: GraphQLError): AppSyncError['locations'] {
  return error.locations?.map(({ line, column }) => ({ line, column, sourceName: null })) ?? null;
}

function appSyncError(error: GraphQLError, schema: GraphQLSchema): AppSyncError {
  const { originalError, path } = error;
  if (originalError instanceof ResolverError) return fieldError(originalError, path ?? [], locationsOf(error));
  if (!path) return { path: null, locations: locationsOf(error), message: validationMessage(error.message) };
  return { path, locations: null, message: completionMessage(error.message, path, schema) };
}

/** graphql-js's words in those of graphql-java, which AppSync runs, where clients are known to look at them. */
function validationMessage(message: string): string {
  const [, field, type] = /^Cannot query field "(\w+)" on type "(\w+)"/.exec(message) ?? [];
  if (field)
    return `Validation error of type FieldUndefined: Field '${field}' in type '${type}' is undefined @ '${field}'`;
  const [, variable, required] = /^Variable "\$(\w+)" of (?:required|non-null) type "([^"]+)"/.exec(message) ?? [];
  if (variable) return `Variable '${variable}' has coerced Null value for NonNull type '${required}'`;
  const [, invalid, reason] = /^Variable "\$(\w+)" got invalid value (.*)$/s.exec(message) ?? [];
  if (invalid) return `Variable '${invalid}' has an invalid value. ${reason}`;
  return message.startsWith('Validation error') ? message : `Validation error: ${message}`;
}

function completionMessage(message: string, path: readonly (string | number)[], schema: GraphQLSchema): string {
  const at = `/${path.join('/').replaceAll(/\/(\d+)/g, '[$1]')}`;
  const [, parent = '', field = ''] = /^Cannot return null for non-nullable field (\w+)\.(\w+)\.$/.exec(message) ?? [];
  const type = schema.getType(parent);
  if (isObjectType(type)) {
    const missing = String(getNullableType(type.getFields()[field]?.type));
    return `Cannot return null for non-nullable type: '${missing}' within parent '${parent}' (${at})`;
  }
  return `Can't serialize value (${at}) : ${message}`;
}
