import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { Unauthorized } from '../domain/protocol/errors.ts';

/** Who asks over HTTP, by the token that API Gateway verified. */
export interface HttpCaller {
  userId: string;
  /** Cognito groups; a machine has none. */
  groups: string[];
}

/**
 * The `sub` of a person's token; a machine's token, from client credentials, may name its client only.
 *
 * @throws Unauthorized when no authorizer vouches for anyone.
 */
export function httpCallerOf({ requestContext }: APIGatewayProxyEventV2WithJWTAuthorizer): HttpCaller {
  const claims = requestContext.authorizer?.jwt?.claims ?? {};
  const userId = claims['sub'] || claims['client_id'];
  if (typeof userId !== 'string' || userId === '') throw new Unauthorized('No user ID in context');
  return { userId, groups: listOf(claims['cognito:groups']) };
}

/** API Gateway turns a claim that is a list into one text, `[admins operators]`. */
function listOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.map(String);
  const text = typeof claim === 'string' ? claim.replace(/^\[/, '').replace(/\]$/, '') : '';
  return text.split(' ').filter((entry) => entry !== '');
}
