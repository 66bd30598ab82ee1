import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { inSeconds } from './events.ts';

const userPoolId = 'us-east-1_unit';
const clientId = 'client-of-people';

/** A user pool of one key that signs whatever it is told to. */
export class TokenIssuer {
  readonly #key: KeyObject;
  readonly jwks: object;

  constructor(keyId = 'key-1') {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#key = privateKey;
    this.jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'RS256' }] };
    Object.assign(process.env, { USER_POOL_ID: userPoolId, USER_POOL_CLIENT_ID: clientId });
  }

  access(claims: Record<string, unknown> = {}): string {
    return this.#sign({ token_use: 'access', client_id: clientId, username: 'ada', ...claims });
  }

  id(claims: Record<string, unknown> = {}): string {
    return this.#sign({ token_use: 'id', aud: clientId, 'cognito:username': 'ada', ...claims });
  }

  #sign(claims: Record<string, unknown>): string {
    const header = { alg: 'RS256', kid: 'key-1' };
    const payload = {
      sub: 'sub-of-ada',
      iss: `https://cognito-idp.us-east-1.amazonaws.com/${userPoolId}`,
      iat: inSeconds(0),
      exp: inSeconds(3600),
      ...claims,
    };
    const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.#key, 'base64url')}`;
  }
}
