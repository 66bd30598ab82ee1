import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from '../../setup/cloud.ts';
import { personNamed } from '../../setup/sign-in.ts';

type Json = Record<string, unknown>;

const encode = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Makes tokens that the pool never gave, some with the pool's own key: what only the claims can tell from good ones. */
export class Forger {
  readonly #key: KeyObject;
  readonly #keyId: string;
  readonly #claims: Json;

  private constructor(key: KeyObject, keyId: string, claims: Json) {
    this.#key = key;
    this.#keyId = keyId;
    this.#claims = claims;
  }

  /** @param token a good access token, whose key id and claims are the start of every other */
  static of(cloud: Cloud, username: string, token: string): Forger {
    const pem = readFileSync(join(cloud.dataFolder, 'cognito/signing-key.pem'));
    const [header = '', claims = ''] = token.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const known = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Json;
    if (known['sub'] !== personNamed(cloud.outputs, username).userId) throw new Error(`Not a token of ${username}`);
    return new Forger(createPrivateKey(pem), kid, known);
  }

  /** Signed with the pool's key, with these claims instead of the true ones. */
  signed(claims: Json = {}, header: Json = {}, key = this.#key): string {
    const text = this.#unsigned(claims, { alg: 'RS256', ...header });
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
  }

  /** Signed by somebody else under the pool's key id. */
  withForeignKey(): string {
    return this.signed({}, {}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  }

  /** An HMAC whose secret is the public key, which verifiers that believe the header take for good. */
  withPublicKeyAsSecret(): string {
    const text = this.#unsigned({}, { alg: 'HS256' });
    const secret = createPublicKey(this.#key).export({ format: 'pem', type: 'spki' });
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  }

  withoutSignature(): string {
    return `${this.#unsigned({}, { alg: 'none' })}.`;
  }

  /** The true signature under other claims. */
  changed(token: string, claims: Json): string {
    const [header = '', , signature = ''] = token.split('.');
    return `${header}.${encode({ ...this.#claims, ...claims })}.${signature}`;
  }

  #unsigned(claims: Json, header: Json): string {
    return `${encode({ kid: this.#keyId, ...header })}.${encode({ ...this.#claims, ...claims })}`;
  }
}
