import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The same token as the pool would have signed it two hours earlier, for one hour. Only the embedded cloud's key is at hand. */
export function expired(token: string, dataFolder: string): string {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number; exp: number };
  const iat = claims.iat - 7200;
  const aged = { ...claims, iat, auth_time: iat, exp: iat + 3600 };
  const signed = `${header}.${Buffer.from(JSON.stringify(aged)).toString('base64url')}`;
  const key = createPrivateKey(readFileSync(join(dataFolder, 'cognito/signing-key.pem')));
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}
