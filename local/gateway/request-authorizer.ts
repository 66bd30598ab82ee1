import { textMatcher } from '../edge/wildcard.ts';
import type { InvokeFunction } from './invoke.ts';

/** An AWS::ApiGatewayV2::Authorizer of type REQUEST, resolved. */
export type RequestAuthorizer = { authorizerId: string; functionArn: string; identitySources: string[] };

/** What a request brought, as the authorizer event names it. */
export type RequestParts = { headers: Record<string, string>; query: Record<string, string> };

export type AuthorizerResult =
  { allowed: true; context: Record<string, string> } | { allowed: false; statusCode: 401 | 403 | 500 };

type PolicyStatement = { Effect?: string; Action?: string | string[]; Resource?: string | string[] };

/** API Gateway refuses a larger result (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html). */
const maxResultBytes = 8 * 1024;

/**
 * Asks a Lambda REQUEST authorizer, as API Gateway does on `$connect`: a missing identity source is 401 without a call, an error thrown
 * with the message `Unauthorized` is 401, a policy that does not allow the route is 403, and anything malformed is 500.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
 */
export async function askAuthorizer(
  authorizer: RequestAuthorizer,
  parts: RequestParts,
  methodArn: string,
  event: Record<string, unknown>,
  authorizerArn: string,
  invoke: InvokeFunction,
): Promise<AuthorizerResult> {
  if (!authorizer.identitySources.every((source) => identityValue(source, parts))) {
    return { allowed: false, statusCode: 401 };
  }
  try {
    const result = await invoke(authorizer.functionArn, authorizerArn, { type: 'REQUEST', methodArn, ...event });
    return readResult(result, methodArn);
  } catch (error) {
    const unauthorized = error instanceof Error && error.message === 'Unauthorized';
    return { allowed: false, statusCode: unauthorized ? 401 : 500 };
  }
}

function readResult(result: unknown, methodArn: string): AuthorizerResult {
  const {
    principalId,
    policyDocument,
    context = {},
  } = (result ?? {}) as {
    principalId?: unknown;
    policyDocument?: { Statement?: PolicyStatement[] };
    context?: Record<string, unknown>;
  };
  const simple = Object.values(context).every((value) => ['string', 'number', 'boolean'].includes(typeof value));
  const tooLarge = Buffer.byteLength(JSON.stringify(result ?? null)) > maxResultBytes;
  if (typeof principalId !== 'string' || !policyDocument?.Statement || !simple || tooLarge) {
    return { allowed: false, statusCode: 500 };
  }
  const matching = policyDocument.Statement.filter((statement) => concerns(statement, methodArn));
  const allowed =
    matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
  if (!allowed) return { allowed: false, statusCode: 403 };
  const strings = Object.entries(context).map(([name, value]) => [name, String(value)]);
  return { allowed: true, context: { ...Object.fromEntries(strings), principalId } };
}

function concerns(statement: PolicyStatement, methodArn: string): boolean {
  const actions = [statement.Action ?? []].flat();
  const resources = [statement.Resource ?? []].flat();
  const invokes = actions.some((action) => textMatcher(action.toLowerCase())('execute-api:invoke'));
  return invokes && resources.some((resource) => textMatcher(resource)(methodArn));
}

function identityValue(source: string, { headers, query }: RequestParts): string | undefined {
  const [, , kind, ...rest] = source.split('.');
  const name = rest.join('.');
  if (kind === 'querystring') return query[name];
  if (kind !== 'header')
    throw new Error(`Identity source ${source} is not implemented: expected route.request.header or .querystring`);
  return Object.entries(headers).find(([header]) => header.toLowerCase() === name.toLowerCase())?.[1];
}
