import { createHmac, hash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { PreparedHmac } from './prepared-hmac.ts';

/** What a signature needs; `sessionToken` comes with the credentials of a role. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** Text to post, with what each post of it needs to know, computed once however many connections get it. */
export interface Frame {
  text: string;
  /** UTF-8. */
  byteLength: number;
  /** Of the UTF-8 bytes, in hex: what a signature covers. */
  sha256: string;
}

/** What the other end said. `errorType` as AWS names it (`GoneException`), `requestId` for AWS's support. */
export interface PostAnswer {
  status: number;
  errorType?: string;
  requestId?: string;
}

/** Thrown when a post got no answer in time: whether it arrived is unknown. */
export class PostTimeout extends Error {
  override readonly name = 'PostTimeout';
}

/** A frame to post, to one connection or to thousands. */
export function frameOf(text: string): Frame {
  return { text, byteLength: Buffer.byteLength(text), sha256: hash('sha256', text) };
}

/**
 * Posts signed frames to one HTTP(S) endpoint, over sockets that stay open. The SDK does the same and more, at several
 * times the CPU: it builds, serializes and resolves a command for each post, where here only a path and a date differ.
 * The signature is Signature Version 4:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export class SignedPosts {
  readonly #options: http.RequestOptions;
  readonly #secure: boolean;
  readonly #host: string;
  readonly #basePath: string;
  readonly #region: string;
  readonly #timeoutMs: number;
  #standing: Standing | undefined;

  /**
   * @param endpoint URL that paths are appended to.
   * @param timeoutMs for one post, from its start to the end of the answer.
   * @param maxSockets open at once.
   */
  constructor(endpoint: string, region: string, { timeoutMs, maxSockets }: { timeoutMs: number; maxSockets: number }) {
    const { protocol, host, hostname, port, pathname } = new URL(endpoint);
    this.#secure = protocol === 'https:';
    const agent = new (this.#secure ? https : http).Agent({ keepAlive: true, maxSockets });
    // All sockets are alike, where an agent would write down twenty options for each request to find out.
    agent.getName = () => host;
    this.#options = { method: 'POST', hostname, port, agent };
    this.#host = host;
    this.#basePath = pathname.replace(/\/$/, '');
    this.#region = region;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Posts one frame.
   *
   * @param path below the endpoint, its segments URI-encoded.
   * @throws PostTimeout, or the socket's error: the post may have arrived.
   */
  post(path: string, frame: Frame, credentials: Credentials, now = Date.now()): Promise<PostAnswer> {
    const fullPath = this.#basePath + path;
    const headers = this.#signedHeaders(fullPath, frame, credentials, now);
    return new Promise((resolve, reject) => {
      // Looked up at each post: whoever routes a process's requests elsewhere has replaced the function on the module.
      const request = (this.#secure ? https : http).request(
        { ...this.#options, path: fullPath, headers },
        (response) => {
          response.on('end', () => {
            clearTimeout(timer);
            resolve(answerOf(response));
          });
          response.on('error', fail);
          response.resume();
        },
      );
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => {
        request.destroy(new PostTimeout(`No answer within ${this.#timeoutMs} ms.`));
      }, this.#timeoutMs);
      request.on('error', fail);
      // A string goes out in one write with its headers, a buffer in a second one.
      request.end(frame.text, isAscii(frame) ? 'latin1' : 'utf8');
    });
  }

  /** Names and values in turns: Node takes them as they are, where it would check and copy an object's one by one. */
  #signedHeaders(path: string, { byteLength, sha256 }: Frame, credentials: Credentials, now: number): string[] {
    const { headers, canonicalHeaders, hmac, authorization } = this.#standingAt(now, credentials);
    const canonical = `POST\n${canonicalPath(path)}\n\n${canonicalHeaders}\n${sha256}`;
    const signature = hmac.sign(hash('sha256', canonical));
    return [...headers, 'content-length', String(byteLength), 'authorization', authorization + signature];
  }

  #standingAt(now: number, credentials: Credentials): Standing {
    const second = Math.floor(now / 1000);
    const standing = this.#standing;
    if (standing?.second === second && standing.credentials === credentials) return standing;
    const made = this.#stand(second, credentials);
    this.#standing = made;
    return made;
  }

  #stand(second: number, credentials: Credentials): Standing {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const date = `${new Date(second * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    const signed = [
      ['content-type', 'application/octet-stream'],
      ['host', this.#host],
      ['x-amz-date', date],
      ...(sessionToken === undefined ? [] : [['x-amz-security-token', sessionToken]]),
    ];
    const names = signed.map(([name]) => name).join(';');
    const scoped = [date.slice(0, 8), this.#region, 'execute-api', 'aws4_request'];
    const scope = scoped.join('/');
    const key = scoped.reduce<string | Buffer>(
      (secret, text) => createHmac('sha256', secret).update(text).digest(),
      `AWS4${secretAccessKey}`,
    ) as Buffer;
    return {
      second,
      credentials,
      headers: signed.flat(),
      canonicalHeaders: `${signed.map(([name, value]) => `${name}:${value}\n`).join('')}\n${names}`,
      hmac: new PreparedHmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n`, sha256HexLength),
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=`,
    };
  }
}

const sha256HexLength = 64;

/** What the signatures of one second have in common. */
interface Standing {
  second: number;
  credentials: Credentials;
  headers: string[];
  canonicalHeaders: string;
  hmac: PreparedHmac;
  authorization: string;
}

/** Signature Version 4 encodes the path as sent once more, segment by segment, for every service but S3. */
function canonicalPath(path: string): string {
  return encodeURIComponent(path).replaceAll('%2F', '/');
}

function isAscii({ text, byteLength }: Frame): boolean {
  return text.length === byteLength;
}

/** AWS may append more to the name of an error: `GoneException:http://...`. */
function answerOf(response: http.IncomingMessage): PostAnswer {
  const { statusCode = 0 } = response;
  // Node reads headers when they are first asked for.
  if (statusCode === 200) return { status: statusCode };
  const { headers } = response;
  const errorType = String(headers['x-amzn-errortype'] ?? '').split(':')[0];
  const requestId = headers['x-amzn-requestid'];
  return {
    status: statusCode,
    ...(errorType && { errorType }),
    ...(typeof requestId === 'string' && { requestId }),
  };
}
