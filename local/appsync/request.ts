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

/** Reads the body of a POST, or says what AppSync answers to it. */
export function readRequest(
  method: string,
  body: string,
  parse: (source: string) => DocumentNode,
): GraphqlRequest | BadRequest {
  if (method !== 'POST') return malformed('Only POST is supported.');
  if (Buffer.byteLength(body) > longestBody) {
    return { status: 413, errorType: 'RequestEntityTooLargeException', message: 'The request is too large.' };
  }
  const content = objectIn(body);
  if (!content || typeof content['query'] !== 'string') return malformed('Unable to parse GraphQL query.');
  const { query, variables, operationName } = content;
  if (typeof (variables ?? {}) !== 'object') return malformed('The variables are not an object.');
  try {
    return {
      document: parse(query as string),
      variables: (variables ?? {}) as Record<string, unknown>,
      operationName: typeof operationName === 'string' ? operationName : undefined,
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
