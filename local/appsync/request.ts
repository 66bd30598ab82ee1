import type { DocumentNode } from 'graphql';

/** A GraphQL request: its document parsed, its variables as JSON gave them. */
export interface GraphqlRequest {
  document: DocumentNode;
  variables: Record<string, unknown>;
  operationName: string | undefined;
}

export interface BadRequest {
  status: number;
  errorType: string;
  message: string;
}

/** AppSync takes requests of up to 1 MB (AWS AppSync endpoints and quotas). */
const longestBody = 1024 * 1024;

/**
 * Reads a POST's body or a GET's query parameters, or says what AppSync answers to them. AppSync's team tells both, and most of the answers:
 * https://github.com/graphql/graphql-over-http/issues/81
 */
export function readRequest(
  { method, body, search = '' }: { method: string; body: string; search?: string },
  parse: (source: string) => DocumentNode,
): GraphqlRequest | BadRequest {
  if (method !== 'POST' && method !== 'GET') return malformed('Only GET and POST are supported.');
  if (Buffer.byteLength(body) > longestBody) {
    return { status: 413, errorType: 'RequestEntityTooLargeException', message: 'The request is too large.' };
  }
  if (method === 'POST' && body === '') return malformed('Request body is empty.');
  const content = method === 'GET' ? parametersIn(search) : objectIn(body);
  if (!content || typeof content['query'] !== 'string') return malformed('Unable to parse GraphQL query.');
  const { query, operationName } = content;
  const variables = content['variables'] ?? {};
  if (typeof variables !== 'object' || Array.isArray(variables)) return malformed('The variables are not an object.');
  if (typeof (operationName ?? '') !== 'string') return malformed('The operation name is not a text.');
  try {
    return {
      document: parse(query as string),
      variables: variables as Record<string, unknown>,
      operationName: (operationName ?? undefined) as string | undefined,
    };
  } catch {
    return malformed('Unable to parse GraphQL query.');
  }
}

function malformed(message: string): BadRequest {
  return { status: 400, errorType: 'MalformedHttpRequestException', message };
}

function objectIn(body: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(body);
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A GET carries the variables as JSON. */
function parametersIn(search: string): Record<string, unknown> {
  const { variables, ...texts } = Object.fromEntries(new URLSearchParams(search));
  return { ...texts, variables: variables === undefined ? null : (objectIn(variables) ?? variables) };
}
