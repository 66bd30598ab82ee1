import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { JwtBaseError, JwksNotAvailableInCacheError, FetchError } from 'aws-jwt-verify/error';
import { environment } from './environment.ts';

/** What a verified token says about its bearer. */
export interface TokenClaims {
  userId: string;
  username: string;
  groups: string[];
  /** Epoch seconds. */
  expiresAt: number;
}

type Verifier = ReturnType<typeof createVerifier>;

function createVerifier() {
  return CognitoJwtVerifier.create({
    userPoolId: environment.userPoolId,
    clientId: environment.userPoolClientId,
    // Access and id tokens are both accepted; which of the two it is, is checked below.
    tokenUse: null,
  });
}

let verifier: Verifier | undefined;

/**
 * API Gateway takes 10,240 bytes of headers at most, and hands on at most 8 KB of what an authorizer found in a token:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 */
const longestToken = 8192;

/**
 * Verifies a Cognito token: length, signature, issuer, expiry, client id and token use.
 *
 * @returns its claims, or `undefined` for a token that is not good.
 * @throws when the pool's keys cannot be fetched, which says nothing about the token.
 */
export async function verifyToken(token: string): Promise<TokenClaims | undefined> {
  if (token.length > longestToken) return undefined;
  verifier ??= createVerifier();
  try {
    const claims = await verifier.verify(token);
    if (claims.token_use !== 'access' && claims.token_use !== 'id') return undefined;
    // The library checks the end of a token that has one.
    if (typeof claims.exp !== 'number') return undefined;
    const username = claims.token_use === 'id' ? claims['cognito:username'] : claims.username;
    return {
      userId: claims.sub,
      username: typeof username === 'string' ? username : claims.sub,
      groups: claims['cognito:groups'] ?? [],
      expiresAt: claims.exp,
    };
  } catch (error) {
    const badToken =
      error instanceof JwtBaseError && !(error instanceof FetchError || error instanceof JwksNotAvailableInCacheError);
    if (badToken) return undefined;
    throw error;
  }
}
