import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type CorsRules, corsHeaders } from './cors.ts';
import { functionArnOf, type InvokeFunction } from './invoke.ts';
import { readTarget, type Target } from './target.ts';
import { type Limits, Throttles } from './throttle.ts';

/** An AWS::ApiGatewayV2::Authorizer of type JWT, resolved, with the check of the token's signature against its issuer's keys. */
export type JwtAuthorizer = {
  audience: string[];
  /** Resolves to the verified claims; rejects for a token that is not the issuer's, or has expired. */
  verify: (token: string) => Promise<Record<string, unknown>>;
};

/** A route: the function behind it, who may call it, and the scopes of which a token must have one. */
export type HttpRoute = { integrationUri: string; authorizer?: JwtAuthorizer; scopes: string[] };

/** An AWS::ApiGatewayV2::Api of type HTTP with what belongs to it, resolved. Route keys are `METHOD /path`. */
export type HttpApiDefinition = {
  apiId: string;
  stage: string;
  region: string;
  accountId: string;
  domainName: string;
  routes: Map<string, HttpRoute>;
  cors?: CorsRules;
  throttling?: Limits;
  routeThrottling?: Map<string, Limits | undefined>;
};

/** Called for what API Gateway would count. */
export type HttpApiSeen = (seen: { apiId: string; stage: string; metric: 'Count' | '4xx' }) => void;

export type HttpReply = { status: number; headers: Record<string, string>; body: string };

/** API Gateway takes up to 10 MB a request (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html). */
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * API Gateway's HTTP API with Lambda proxy integrations in payload format 2.0 and JWT authorizers; the gateway's own answers
 * (401, 404, 413, 429, 500) have the bodies AWS gives them.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export class HttpApi {
  readonly #definition: HttpApiDefinition;
  readonly #invoke: InvokeFunction;
  readonly #throttles: Throttles;
  #seen: HttpApiSeen = () => undefined;

  constructor(definition: HttpApiDefinition, invoke: InvokeFunction) {
    this.#definition = definition;
    this.#invoke = invoke;
    this.#throttles = new Throttles(definition.throttling, definition.routeThrottling);
  }

  /** Has every request told, and whether it was refused. */
  watch(seen: HttpApiSeen): void {
    this.#seen = seen;
  }

  /** Answers one request whose body has been read whole. */
  async handle(request: IncomingMessage, body: Buffer): Promise<HttpReply> {
    const cors = corsHeaders(this.#definition.cors, request);
    if (request.method === 'OPTIONS' && this.#definition.cors) return { status: 204, headers: cors, body: '' };
    const reply = await this.#route(request, body);
    const { apiId, stage } = this.#definition;
    this.#seen({ apiId, stage, metric: 'Count' });
    if (reply.status >= 400 && reply.status < 500) this.#seen({ apiId, stage, metric: '4xx' });
    return { ...reply, headers: { ...reply.headers, ...cors } };
  }

  async #route(request: IncomingMessage, body: Buffer): Promise<HttpReply> {
    const target = readTarget(request.url);
    const routeKey = `${request.method ?? 'GET'} ${target?.path}`;
    const route = this.#definition.routes.get(routeKey);
    if (!target || !route) return gatewayReply(404, 'Not Found');
    if (!this.#throttles.allow(routeKey)) return gatewayReply(429, 'Too Many Requests');
    if (body.length > maxBodyBytes) return gatewayReply(413, 'Request Entity Too Large');
    let claims: Record<string, unknown> | undefined;
    if (route.authorizer) {
      claims = await verified(route.authorizer, request.headers.authorization);
      if (!claims) return { ...gatewayReply(401, 'Unauthorized'), headers: { 'www-authenticate': 'Bearer' } };
      if (!hasScope(claims, route.scopes)) return gatewayReply(403, 'Forbidden');
    }
    try {
      const event = this.#event(request, target, body, routeKey, claims, route.scopes);
      const { region, accountId, apiId, stage } = this.#definition;
      const sourceArn = `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${routeKey.replace(' ', '')}`;
      return readResult(await this.#invoke(functionArnOf(route.integrationUri), sourceArn, event));
    } catch {
      return gatewayReply(500, 'Internal Server Error');
    }
  }

  #event(
    request: IncomingMessage,
    { path, search, rawQuery }: Target,
    body: Buffer,
    routeKey: string,
    claims: Record<string, unknown> | undefined,
    scopes: string[],
  ): Record<string, unknown> {
    const { apiId, accountId, stage, domainName } = this.#definition;
    const now = Date.now();
    const text = body.toString('utf8');
    const isText = Buffer.from(text, 'utf8').equals(body);
    const query = Object.fromEntries([...new Set(search.keys())].map((name) => [name, search.getAll(name).join(',')]));
    return {
      version: '2.0',
      routeKey,
      rawPath: path,
      rawQueryString: rawQuery,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]),
      ),
      ...(rawQuery ? { queryStringParameters: query } : {}),
      requestContext: {
        accountId,
        apiId,
        domainName,
        domainPrefix: apiId,
        http: {
          method: request.method,
          path,
          protocol: `HTTP/${request.httpVersion}`,
          sourceIp: request.socket.remoteAddress ?? '',
          userAgent: request.headers['user-agent'] ?? '',
        },
        ...(claims
          ? { authorizer: { jwt: { claims: asStrings(claims), scopes: scopes.length > 0 ? scopes : null } } }
          : {}),
        requestId: randomBytes(11).toString('base64'),
        routeKey,
        stage,
        time: new Date(now).toUTCString(),
        timeEpoch: now,
      },
      ...(body.length > 0 ? { body: isText ? text : body.toString('base64') } : {}),
      isBase64Encoded: body.length > 0 && !isText,
    };
  }
}

async function verified(
  authorizer: JwtAuthorizer,
  header: string | undefined,
): Promise<Record<string, unknown> | undefined> {
  const token = header?.replace(/^bearer\s+/i, '');
  if (!token) return undefined;
  try {
    const claims = await authorizer.verify(token);
    // The library checks the end of a token that has one; API Gateway wants one.
    if (typeof claims['exp'] !== 'number') return undefined;
    // Cognito's access tokens have no `aud`; API Gateway checks `client_id` in its place.
    const audience = [claims['aud'] ?? claims['client_id']].flat();
    return audience.some((value) => authorizer.audience.includes(String(value))) ? claims : undefined;
  } catch {
    return undefined;
  }
}

function hasScope(claims: Record<string, unknown>, wanted: string[]): boolean {
  if (wanted.length === 0) return true;
  const scopes = String(claims['scope'] ?? '').split(' ');
  return wanted.some((scope) => scopes.includes(scope));
}

/** API Gateway hands every claim on as a string; lists come as `[a b]`. */
function asStrings(claims: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      Array.isArray(value) ? `[${value.join(' ')}]` : String(value),
    ]),
  );
}

/** A result without `statusCode` is the body of a 200, as in payload format 2.0. */
function readResult(result: unknown): HttpReply {
  const shaped = result as {
    statusCode?: unknown;
    headers?: Record<string, unknown>;
    body?: unknown;
    isBase64Encoded?: boolean;
  } | null;
  if (typeof shaped?.statusCode !== 'number') {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(result) };
  }
  const headers = Object.fromEntries(
    Object.entries(shaped.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  const body = typeof shaped.body === 'string' ? shaped.body : '';
  return {
    status: shaped.statusCode,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: shaped.isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body,
  };
}

function gatewayReply(status: number, message: string): HttpReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}
