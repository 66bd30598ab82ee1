import { randomBytes, randomUUID, sign, verify } from 'node:crypto';
import { CognitoError, type AppClient, type SignInTokens, type TokenGenerator, type User } from './library.ts';
import type { SigningKey } from './signing-key.ts';

/** For how long each kind of token lives, in seconds. */
type Validity = { access: number; id: number; refresh: number };

const secondsPer = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

/** A user keeps so many sign-ins; past that the oldest can no longer be refreshed. Every sign-in rewrites the user. */
const refreshTokensKept = 500;

/**
 * Makes tokens with the claims of Cognito's
 * (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html).
 */
export class PoolTokens implements TokenGenerator {
  private readonly issuer: string;
  private readonly key: SigningKey;

  constructor(issuer: string, key: SigningKey) {
    this.issuer = issuer;
    this.key = key;
  }

  /** The tokens of a user who signed in or refreshed. @throws NotAuthorizedException for a disabled user. */
  async generate(_context: unknown, user: User, groups: readonly string[], client: AppClient): Promise<SignInTokens> {
    if (!user.Enabled) throw new CognitoError('NotAuthorizedException', 'User is disabled.');
    const now = Math.floor(Date.now() / 1000);
    const validity = validityOf(client);
    const attributes = new Map(user.Attributes.map(({ Name, Value }) => [Name, Value]));
    const common = {
      sub: attributes.get('sub'),
      ...(groups.length > 0 ? { 'cognito:groups': groups } : {}),
      iss: this.issuer,
      event_id: randomUUID(),
      auth_time: now,
      iat: now,
    };
    forgetOldTokens(user, now);
    return {
      AccessToken: this.sign({
        ...common,
        client_id: client.ClientId,
        token_use: 'access',
        scope: 'aws.cognito.signin.user.admin',
        exp: now + validity.access,
        jti: randomUUID(),
        username: user.Username,
      }),
      IdToken: this.sign({
        ...common,
        aud: client.ClientId,
        token_use: 'id',
        'cognito:username': user.Username,
        ...(attributes.has('email')
          ? { email: attributes.get('email'), email_verified: attributes.get('email_verified') === 'true' }
          : {}),
        ...Object.fromEntries([...attributes].filter(([name]) => name.startsWith('custom:'))),
        exp: now + validity.id,
        jti: randomUUID(),
      }),
      RefreshToken: makeRefreshToken(client.ClientId, now + validity.refresh),
    };
  }

  /** The access token of a client that acts for itself (client credentials): its user id is the client's. */
  forMachine(client: AppClient, scope: string): { token: string; expiresIn: number } {
    const now = Math.floor(Date.now() / 1000);
    const { access } = validityOf(client);
    const token = this.sign({
      sub: client.ClientId,
      token_use: 'access',
      scope,
      auth_time: now,
      iss: this.issuer,
      exp: now + access,
      iat: now,
      version: 2,
      jti: randomUUID(),
      client_id: client.ClientId,
    });
    return { token, expiresIn: access };
  }

  /** @throws NotAuthorizedException unless this is an unexpired access token of this pool. */
  checkAccessToken(token: string): void {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('sha256', signed, this.key.publicKey, Buffer.from(signature, 'base64url'))) {
      throw new CognitoError('NotAuthorizedException', 'Invalid Access Token');
    }
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number; token_use: string };
    if (claims.token_use !== 'access') throw new CognitoError('NotAuthorizedException', 'Invalid Access Token');
    if (claims.exp <= Date.now() / 1000) throw new CognitoError('NotAuthorizedException', 'Access Token has expired');
  }

  private sign(claims: object): string {
    const header = { kid: this.key.keyId, alg: 'RS256' };
    const signed = `${toBase64(header)}.${toBase64(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), this.key.privateKey).toString('base64url')}`;
  }
}

/** Lifetime of a client's access tokens, which sign-in replies tell. */
export function accessTokenSeconds(client: AppClient): number {
  return validityOf(client).access;
}

/**
 * @throws NotAuthorizedException for a refresh token that has expired or was given to another client. That it was given at all the pool knows,
 * which keeps them.
 */
export function checkRefreshToken(token: string, clientId: string): void {
  const { client, expires } = readRefreshToken(token);
  if (client !== clientId) throw new CognitoError('NotAuthorizedException', 'Invalid Refresh Token');
  if (expires <= Date.now() / 1000) throw new CognitoError('NotAuthorizedException', 'Refresh Token has expired');
}

/** Refresh tokens are opaque to clients; here they say for whom and until when. */
function makeRefreshToken(clientId: string, expires: number): string {
  return `${clientId}.${expires}.${randomBytes(24).toString('base64url')}`;
}

function readRefreshToken(token: string): { client: string; expires: number } {
  const [client = '', expires] = token.split('.');
  return { client, expires: Number(expires) };
}

/** In place: sign-ins of one user that overlap all hold this array. */
function forgetOldTokens({ RefreshTokens }: User, now: number): void {
  const alive = RefreshTokens.filter((token) => readRefreshToken(token).expires > now);
  RefreshTokens.splice(0, RefreshTokens.length, ...alive.slice(-refreshTokensKept));
}

/** Defaults: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpoolclient.html */
function validityOf(client: AppClient): Validity {
  const units = (client['TokenValidityUnits'] ?? {}) as Record<string, keyof typeof secondsPer | undefined>;
  const seconds = (kind: string, defaultUnit: keyof typeof secondsPer, fallback: number): number => {
    const value = client[`${kind}Validity`];
    return typeof value === 'number' ? value * secondsPer[units[kind] ?? defaultUnit] : fallback;
  };
  return {
    access: seconds('AccessToken', 'hours', 3600),
    id: seconds('IdToken', 'hours', 3600),
    refresh: seconds('RefreshToken', 'days', 30 * 86_400),
  };
}

const toBase64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
