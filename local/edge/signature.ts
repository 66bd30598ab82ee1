import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The parts of a Signature Version 4 `Authorization` header. */
export type Authorization = {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
};

type SignedRequest = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer };

const scheme = 'AWS4-HMAC-SHA256';
const headerShape =
  /^AWS4-HMAC-SHA256 +Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/;
/** As key objects: from a buffer, each HMAC costs ten times as much. */
const signingKeys = new Map<string, KeyObject>();
const signingKeysKept = 500;

/** Reads an `Authorization` header; undefined for an unsigned request, 'malformed' for a header that is not SigV4. */
export function readAuthorization(header: string | undefined): Authorization | 'malformed' | undefined {
  if (header === undefined) return undefined;
  const [, accessKeyId, date, region, service, signedHeaders, signature] = headerShape.exec(header) ?? [];
  if (!accessKeyId || !date || !region || !service || !signedHeaders || !signature) return 'malformed';
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

/**
 * True when the request was signed with this secret, as AWS checks it
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). The age of the signature is not
 * checked: caller and edge share one clock.
 */
export function isSignedWith(secret: string, authorization: Authorization, request: SignedRequest): boolean {
  const { date, region, service, signedHeaders } = authorization;
  const time = single(request.headers['x-amz-date']);
  if (!time.startsWith(date) || !signedHeaders.includes('host')) return false;
  const [path = '/', query = ''] = splitOnce(request.path, '?');
  const canonicalRequest = [
    request.method,
    canonicalPath(path),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${single(request.headers[name]).trim().replace(/\s+/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payloadHash(request),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const expected = createHmac('sha256', signingKey(secret, date, region, service))
    .update(`${scheme}\n${time}\n${scope}\n${hash('sha256', canonicalRequest)}`)
    .digest();
  return timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'));
}

/** A client may declare its payload unsigned, as S3 clients do; anything else it declares must be true. */
function payloadHash({ headers, body }: SignedRequest): string {
  return headers['x-amz-content-sha256'] === 'UNSIGNED-PAYLOAD' ? 'UNSIGNED-PAYLOAD' : hash('sha256', body);
}

/** Every service but S3 signs the path with each segment encoded once more than it is on the wire. */
function canonicalPath(path: string): string {
  return path === '/' ? path : encode(path.replace(/\/+/g, '/')).replaceAll('%2F', '/');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function signingKey(secret: string, date: string, region: string, service: string): KeyObject {
  const name = `${secret}/${date}/${region}/${service}`;
  const known = signingKeys.get(name);
  if (known) return known;
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of [date, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  const made = createSecretKey(key);
  if (signingKeys.size >= signingKeysKept) signingKeys.clear();
  signingKeys.set(name, made);
  return made;
}

function single(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
