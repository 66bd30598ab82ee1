import { JwtExpiredError, JwtParseError } from 'aws-jwt-verify/error';

/** What checks a token's signature, issuer and expiry: aws-jwt-verify's CognitoJwtVerifier, or another. */
export interface TokenVerifier {
  /** @returns the token's claims; rejects for a token the pool did not issue, or that has expired */
  verify(token: string): Promise<object>;
}

/**
 * The claims of the request's token, or what AppSync says instead.
 * @param clientPattern AppIdClientRegex: which app clients' tokens are taken
 */
export async function checkToken(
  header: string | undefined,
  verifier: TokenVerifier,
  clientPattern: string | undefined,
): Promise<{ claims: Record<string, unknown>; message: '' } | { claims: null; message: string }> {
  const token = header?.replace(/^Bearer /i, '');
  if (!token) return { claims: null, message: 'Valid authorization header not provided.' };
  try {
    const claims = (await verifier.verify(token)) as Record<string, unknown>;
    const client = String(claims['client_id'] ?? claims['aud']);
    if (clientPattern === undefined || new RegExp(`^(?:${clientPattern})$`).test(client))
      return { claims, message: '' };
  } catch (error) {
    if (error instanceof JwtExpiredError) return { claims: null, message: 'Token has expired.' };
    if (error instanceof JwtParseError) return { claims: null, message: 'Unable to parse JWT token.' };
  }
  return { claims: null, message: 'You are not authorized to make this call.' };
}
