import { createPrivateKey, createPublicKey, generateKeyPair, hash, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The RSA key a pool signs with, and its public half as a JWKS lists it. */
export type SigningKey = { keyId: string; privateKey: KeyObject; publicKey: KeyObject; jwk: JsonWebKey };

/**
 * Reads the key in a file, or makes one. cognito-local signs with a key that is published with it; anyone could make tokens for such a pool,
 * so each data folder has a key of its own.
 */
export async function signingKeyIn(file: string): Promise<SigningKey> {
  const privateKey = (await readKey(file)) ?? (await makeKey(file));
  const publicKey = createPublicKey(privateKey);
  const { kty, n, e } = publicKey.export({ format: 'jwk' });
  const keyId = hash('sha256', `${n}.${e}`, 'base64');
  return { keyId, privateKey, publicKey, jwk: { kty, n, e, use: 'sig', alg: 'RS256', kid: keyId } };
}

async function readKey(file: string): Promise<KeyObject | undefined> {
  try {
    return createPrivateKey(await readFile(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function makeKey(file: string): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  await writeFile(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return privateKey;
}
