import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseCall, UnreadableCall, type AwsCall, type RawRequest } from './call.ts';
import { CallCounter } from './calls.ts';
import { control, isLoopbackHost, type Denial } from './control.ts';
import { outsideRole, roleCredentials } from './credentials.ts';
import { FaultRules } from './faults.ts';
import { PolicyEvaluator, type Principal, type ResourcePolicy } from './iam.ts';
import { errorReply, refusal, type AwsError, type Reply } from './replies.ts';
import { isSignedWith, readAuthorization } from './signature.ts';

/** Answers the calls of one service. What it throws is answered as an InternalFailure of that service. */
export type Backend = (call: AwsCall) => Promise<Reply>;

export type EdgeSettings = {
  /** Ephemeral unless given. */
  port?: number;
  region: string;
  accountId: string;
  /** Every role that may call; `outside` is added by the edge. */
  principals: Principal[];
  /** By IAM prefix: dynamodb, sns, sqs, execute-api, states, lambda, logs, cognito-idp. */
  backends: Record<string, Backend>;
  resourcePolicies?: ResourcePolicy[];
  /** False lets denied calls pass, still listed under /_edge/denials. Default true. */
  enforce?: boolean;
  /** The `crash` fault struck a call of this worker: end it. Called before the caller's socket is cut. */
  onCrash?: (call: AwsCall) => void;
  /** Whose worker this token is, to name the caller of an unsigned request (a JWKS fetch). */
  roleOfWorker?: (worker: string) => string | undefined;
  /** A backend failed. */
  onError?: (error: unknown, call: AwsCall) => void;
};

export type Edge = {
  /** http://127.0.0.1:PORT */
  url: string;
  port: number;
  calls: CallCounter;
  faults: FaultRules;
  policies: PolicyEvaluator;
  /** Headers by which the platform's own pollers mark their calls `by: "service"`; add them to a signed or yet unsigned request. */
  serviceHeaders: (call?: { resource?: string }) => Record<string, string>;
  stop: () => Promise<void>;
};

/** More than the largest DynamoDB batch, 16 MB. */
const maxBodyBytes = 17 * 1024 * 1024;

const serviceHeader = 'x-embedded-service';
const resourceHeader = 'x-embedded-resource';
const workerHeader = 'x-embedded-worker';
/** The edge's own headers are no business of a backend. */
const ownHeaders = [serviceHeader, resourceHeader, workerHeader];

/**
 * Starts the one HTTP server every AWS call of the stack passes: tells who calls what, checks it against the template's policies,
 * counts it, and delays or fails it on demand, before a backend answers. Control surface: see control.ts.
 * @throws Error when a policy cannot be judged, or the port is taken.
 */
export async function startEdge(settings: EdgeSettings): Promise<Edge> {
  const { region, accountId, principals, backends, enforce = true } = settings;
  const policies = new PolicyEvaluator(settings, principals, settings.resourcePolicies ?? []);
  const calls = new CallCounter();
  const faults = new FaultRules();
  const denials = new Map<string, Denial>();
  const serviceSecret = randomBytes(24).toString('base64url');
  const secrets = new Map<string, { role: string; secret: string }>();
  for (const role of [outsideRole, ...principals.map(({ name }) => name)]) {
    const { accessKeyId, secretAccessKey } = roleCredentials(role);
    secrets.set(accessKeyId, { role, secret: secretAccessKey });
  }

  /** Who calls what; or the error that says why this cannot be told. */
  function understand(request: RawRequest): AwsCall | { service: string; failure: AwsError } {
    const authorization = readAuthorization(request.headers.authorization);
    const service = authorization && authorization !== 'malformed' ? authorization.service : 'dynamodb';
    if (authorization === 'malformed') {
      const message = 'Expected an AWS4-HMAC-SHA256 Authorization header.';
      return { service, failure: { error: 'IncompleteSignatureException', statusCode: 400, message } };
    }
    const worker = header(request.headers, workerHeader);
    let role = (worker && settings.roleOfWorker?.(worker)) ?? 'anonymous';
    if (authorization) {
      const known = secrets.get(authorization.accessKeyId);
      if (!known) return { service, failure: refusal(service, 'unknown key', unknownKey) };
      if (!isSignedWith(known.secret, authorization, request)) {
        return { service, failure: refusal(service, 'bad signature', badSignature) };
      }
      role = known.role;
    }
    const by = isServiceSecret(request.headers) ? 'service' : 'function';
    try {
      const parsed = parseCall(request, authorization, { region, accountId });
      const named = by === 'service' ? header(request.headers, resourceHeader) : undefined;
      if (named) parsed.resources = [{ action: `${parsed.service}:${parsed.action}`, arn: named }];
      return { id: randomUUID(), role, signed: authorization !== undefined, by, worker, ...request, ...parsed };
    } catch (error) {
      if (!(error instanceof UnreadableCall)) throw error;
      if (!authorization) return { service, failure: refusal(service, 'not signed', error.message) };
      return { service, failure: { error: error.error, statusCode: 400, message: error.message } };
    }
  }

  function isServiceSecret(headers: IncomingHttpHeaders): boolean {
    const given = Buffer.from(header(headers, serviceHeader) ?? '');
    const expected = Buffer.from(serviceSecret);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  function deniedBecause(call: AwsCall): string | undefined {
    // The only unsigned calls that get this far are Cognito's public ones, which no policy governs.
    if (call.role === outsideRole || !call.signed) return undefined;
    const decision = policies.authorize(call.role, call.resources);
    if (decision.allowed) return undefined;
    const known = denials.get(decision.message);
    if (known) known.count++;
    else {
      const { role, service, action } = call;
      denials.set(decision.message, { role, service, action, message: decision.message, count: 1 });
    }
    return enforce ? decision.message : undefined;
  }

  /** The answer, or 'cut' when the caller is not to get one. */
  async function answer(call: AwsCall): Promise<Reply | 'cut'> {
    calls.record(call);
    const denied = deniedBecause(call);
    if (denied) return errorReply(call.service, call.id, refusal(call.service, 'denied', denied));
    const { delayMs, fault } = faults.sentence(call);
    if (delayMs > 0) await delay(delayMs);
    if (!fault) return dispatch(call);
    if ('error' in fault) {
      return errorReply(call.service, call.id, { message: 'A fault rule of the edge struck this call.', ...fault });
    }
    if ('dropReply' in fault || fault.crash === 'after') await dispatch(call);
    if ('crash' in fault) settings.onCrash?.(call);
    return 'cut';
  }

  async function dispatch(call: AwsCall): Promise<Reply> {
    const backend = backends[call.service];
    for (const name of ownHeaders) Reflect.deleteProperty(call.headers, name);
    if (!backend) {
      const message = `The embedded cloud has no ${call.service}.`;
      return errorReply(call.service, call.id, { error: 'UnknownOperationException', statusCode: 400, message });
    }
    try {
      return await backend(call);
    } catch (error) {
      settings.onError?.(error, call);
      const message = `The embedded ${call.service} failed at ${call.action}.`;
      return errorReply(call.service, call.id, { error: 'InternalFailure', statusCode: 500, message });
    }
  }

  async function handle(incoming: IncomingMessage): Promise<Reply | 'cut'> {
    const body = await readBody(incoming);
    const { method = 'GET', url: path = '/', headers } = incoming;
    if (body === 'too large') {
      const message = `Expected at most ${maxBodyBytes} bytes.`;
      return errorReply('dynamodb', randomUUID(), { error: 'RequestTooLarge', statusCode: 413, message });
    }
    if (path.startsWith('/_edge/')) {
      return control({ method, path, headers, body }, { calls, faults, policies, denials });
    }
    const host = headers.host ?? '';
    if (!isLoopbackHost(host) && !/\.amazonaws\.com(\.cn)?$/.test(host)) {
      return { status: 403, headers: {}, body: `Expected a loopback or amazonaws.com host, received ${host}.` };
    }
    const call = understand({ method, path, host, headers, body });
    return 'failure' in call ? errorReply(call.service, randomUUID(), call.failure) : answer(call);
  }

  const server = createServer((incoming, response) => {
    handle(incoming).then(
      (reply) => {
        if (reply === 'cut') incoming.socket.destroy();
        else send(response, reply);
      },
      () => incoming.socket.destroy(),
    );
  });
  // A bench keeps hundreds of sockets: none may be closed under a client that is about to use it again.
  server.keepAliveTimeout = 10 * 60 * 1000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: settings.port ?? 0, host: '127.0.0.1', backlog: 2048 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    faults,
    policies,
    serviceHeaders: ({ resource } = {}) => ({
      [serviceHeader]: serviceSecret,
      ...(resource === undefined ? {} : { [resourceHeader]: resource }),
    }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const unknownKey = 'The security token included in the request is invalid.';
const badSignature = 'The request signature we calculated does not match the signature you provided.';

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function readBody(incoming: IncomingMessage): Promise<Buffer | 'too large'> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBodyBytes) chunks.push(chunk);
    });
    incoming.once('end', () => {
      if (size > maxBodyBytes) resolve('too large');
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    incoming.once('error', reject);
  });
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  response.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': String(bytes) });
  response.end(body);
}
