import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Key = Record<string, AttributeValue>;

/** DynamoDB's LastEvaluatedKey as AppSync gives it to resolvers: sealed, so that nobody reads or makes one. */
export class PageTokens {
  readonly #secret: Buffer;

  /** @param seed what keeps tokens of one API from another's; the same seed opens tokens after a restart */
  constructor(seed: string) {
    this.#secret = createHash('sha256').update(seed).digest();
  }

  seal(key: Key | undefined): string | null {
    if (!key) return null;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#secret, nonce);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(key)), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @throws when this API did not seal the token */
  open(token: string): Key {
    const bytes = Buffer.from(token, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.#secret, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return JSON.parse(decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8')) as Key;
  }
}
