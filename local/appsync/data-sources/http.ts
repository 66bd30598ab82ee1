import { request as httpRequest } from 'node:http';
import { AwsClient } from 'aws4fetch';
import type { Credentials } from '../../edge/credentials.ts';
import type { HttpConfig } from '../definition.ts';
import type { Outcome } from './outcome.ts';
import { InvalidRequest, optional, type RequestObject, takeOnly } from './requests.ts';

/** Where AWS is locally, and with whose rights a data source calls it. */
export interface AwsAccess {
  edgeUrl: string;
  credentials: Credentials;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What a request may carry, and which headers are not its own to set (AppSync's JavaScript resolver function reference for HTTP). */
const jsonTypes = [
  'application/json',
  'application/x-amz-json-1.0',
  'application/x-amz-json-1.1',
  'application/vnd.api+json',
];
const otherTypes = /^(?:text\/.+|application\/(?:xml|soap\+xml|x-ndjson))$/;
const reservedHeaders = ['host', 'connection', 'user-agent', 'expectation', 'transfer-encoding', 'content-length'];

/** "AWS AppSync endpoints and quotas": request execution time, and the size of what a resolver evaluates. */
const longestWaitMs = 30_000;
const largestBody = 5 * 1024 * 1024;

/**
 * An AWS service as a data source of AppSync: sends requests signed with the data source's role, and gives the answer whatever its
 * status. As for functions, the network ends at the edge: path, headers and `Host` are those of AWS.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-http-js.html
 */
export class HttpDataSource {
  readonly #endpoint: string;
  readonly #signer: AwsClient;
  readonly #edge: URL;
  readonly #waitMs: number;

  constructor({ Endpoint, AuthorizationConfig }: HttpConfig, access: AwsAccess, waitMs = longestWaitMs) {
    const { SigningRegion, SigningServiceName } = AuthorizationConfig.AwsIamConfig;
    this.#endpoint = Endpoint;
    this.#signer = new AwsClient({ ...access.credentials, region: SigningRegion, service: SigningServiceName });
    this.#edge = new URL(access.edgeUrl);
    this.#waitMs = waitMs;
  }

  /**
   * @returns `{statusCode, headers, body}`, the body as text; or the error when there was no answer
   * @throws InvalidRequest when AppSync would refuse the request object itself
   */
  async run(request: RequestObject): Promise<Outcome> {
    takeOnly(request, 'An HTTP request', ['method', 'resourcePath', 'params']);
    const params = optional(request, 'params') ?? {};
    takeOnly(params, 'params of an HTTP request', ['query', 'headers', 'body']);
    const headers = headersOf(params);
    const signed = await this.#signer.sign(this.#urlOf(request, params), {
      method: methodOf(request),
      headers,
      ...bodyOf(params, headers),
    });
    try {
      return { result: await this.#send(signed) };
    } catch (error) {
      return { result: null, error: failureOf(error as Error) };
    }
  }

  #urlOf(request: RequestObject, params: RequestObject): string {
    const path = request['resourcePath'];
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw new InvalidRequest('An HTTP request needs resourcePath, which begins with a slash.');
    }
    const url = new URL(path, this.#endpoint);
    for (const [name, value] of Object.entries(optional(params, 'query') ?? {})) {
      url.searchParams.append(name, String(value));
    }
    return url.href;
  }

  async #send(signed: Request): Promise<{ statusCode: number; headers: Record<string, string>; body: string }> {
    const { host, pathname, search } = new URL(signed.url);
    const body = Buffer.from(await signed.arrayBuffer());
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        {
          host: this.#edge.hostname,
          port: this.#edge.port,
          path: pathname + search,
          method: signed.method,
          headers: { ...Object.fromEntries(signed.headers), host },
          signal: AbortSignal.timeout(this.#waitMs),
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          let size = 0;
          incoming.on('data', (chunk: Buffer) => {
            size += chunk.length;
            chunks.push(chunk);
            if (size > largestBody) incoming.destroy(new Error(`The answer is over ${largestBody} bytes.`));
          });
          incoming.once('error', reject);
          incoming.once('end', () => {
            const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ statusCode: incoming.statusCode ?? 0, headers: Object.fromEntries(headers), body: text });
          });
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

function methodOf(request: RequestObject): string {
  const method = request['method'];
  if (typeof method === 'string' && methods.includes(method)) return method;
  throw new InvalidRequest(`An HTTP request needs method, one of ${methods.join(', ')}.`);
}

/** By their names in lower case. */
function headersOf(params: RequestObject): Record<string, string> {
  const given = Object.entries(optional(params, 'headers') ?? {});
  const headers: Record<string, string> = {};
  for (const [name, value] of given) {
    if (typeof value !== 'string') throw new InvalidRequest(`The header ${name} is not a text.`);
    if (reservedHeaders.includes(name.toLowerCase()))
      throw new InvalidRequest(`The header ${name} is AppSync's to set.`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function bodyOf(params: RequestObject, headers: Record<string, string>): { body?: string } {
  const body = params['body'];
  if (body === undefined || body === null) return {};
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? 'application/json';
  if (!jsonTypes.includes(type) && !otherTypes.test(type)) {
    throw new InvalidRequest(`An HTTP request does not take the content type ${type}.`);
  }
  if (typeof body === 'string') return { body };
  if (!jsonTypes.includes(type)) throw new InvalidRequest(`A body of ${type} is a text.`);
  return { body: JSON.stringify(body) };
}

/** AWS documents no names for what goes wrong on the way; the timeout's is known (https://github.com/aws/aws-appsync-community/issues/43). */
function failureOf({ name, message }: Error): { type: string; message: string } {
  if (name === 'TimeoutError' || name === 'AbortError') {
    return { type: 'Http:ExecutionTimeoutException', message: 'execution timed out' };
  }
  return { type: 'Http:RequestFailed', message };
}
