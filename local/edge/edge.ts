import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isLoopbackHost } from '../loopback-host.ts';
import type { AwsCall } from './call.ts';
import { Callers } from './caller.ts';
import { CallCounter } from './calls.ts';
import { keysOf } from './condition-keys.ts';
import { control, Denials, type Controlled } from './control.ts';
import { outsideRole } from './credentials.ts';
import { FaultRules } from './faults.ts';
import { PolicyEvaluator, type Principal, type ResourcePolicy } from './iam.ts';
import { errorReply, refusal, type Reply } from './replies.ts';
import type { XRay } from '../xray/xray.ts';

/** Answers the calls of one service. What it throws is answered as an InternalFailure of that service. */
export type Backend = (call: AwsCall) => Promise<Reply>;

export type EdgeSettings = {
  region: string;
  accountId: string;
  /** Every role that may call; `outside` is added by the edge. */
  principals: Principal[];
  /** By IAM prefix: dynamodb, sns, sqs, execute-api, states, lambda, logs, cognito-idp. */
  backends: Record<string, Backend>;
  resourcePolicies?: ResourcePolicy[];
  /** The partition keys of tables, by the tables' names: policies may be about their values. */
  partitionKeys?: ReadonlyMap<string, string>;
  /** What the control surface shows besides, under `GET /_edge/NAME`. */
  views?: Record<string, () => unknown>;
  /** What the control surface shows of traces. */
  xray?: Pick<XRay, 'store' | 'sampler'>;
  /** The `crash` fault struck a call of `call.worker`: end it. Called before the caller's socket is cut. */
  onCrash?: (call: AwsCall) => void;
  /** Whose worker this token is, to name the caller of an unsigned request (a JWKS fetch). */
  roleOfWorker?: (worker: string) => string | undefined;
  /** The event, in JSON, that the worker of this token is at work on, for rules that are about something in it. */
  eventOfWorker?: (worker: string) => string | undefined;
  /** A backend failed, or the edge itself did, then without a call. */
  onError?: (error: unknown, call?: AwsCall) => void;
};

export type Edge = {
  /** http://127.0.0.1:PORT */
  url: string;
  port: number;
  calls: CallCounter;
  faults: FaultRules;
  policies: PolicyEvaluator;
  /**
   * Headers by which the platform's own pollers mark their calls `by: "service"`. `resource`: the ARN of a call whose input does not name
   * it (GetRecords has only a shard iterator).
   */
  serviceHeaders: (call?: { resource?: string }) => Record<string, string>;
  stop: () => Promise<void>;
};

/** More than the largest DynamoDB batch, 16 MB. */
const maxBodyBytes = 17 * 1024 * 1024;

/** A bench keeps hundreds of sockets: none may be closed under a client that is about to use it again. */
const keepAliveMs = 10 * 60 * 1000;

/**
 * Starts the one HTTP server every AWS call of the stack passes: tells who calls what, checks it against the template's policies,
 * counts it, and delays or fails it on demand, before a backend answers. Control surface: see control.ts.
 * @throws Error when a policy cannot be judged
 */
export async function startEdge(settings: EdgeSettings): Promise<Edge> {
  const { principals, resourcePolicies = [], roleOfWorker = () => undefined } = settings;
  const callers = new Callers(
    principals.map(({ name }) => name),
    settings,
    roleOfWorker,
  );
  const controlled: Controlled = {
    calls: new CallCounter(),
    faults: new FaultRules(),
    policies: new PolicyEvaluator(settings, principals, resourcePolicies),
    denials: new Denials(),
    ...(settings.views && { views: settings.views }),
    ...(settings.xray && { xray: settings.xray }),
  };
  const passage = new Passage(settings, controlled);

  async function handle(incoming: IncomingMessage): Promise<Reply | 'cut'> {
    const body = await readBody(incoming);
    const { method = 'GET', url: path = '/', headers } = incoming;
    const host = headers.host ?? '';
    if (body === 'too large') return { status: 413, headers: {}, body: `Expected at most ${maxBodyBytes} bytes.` };
    if (path.startsWith('/_edge/')) return control({ method, path, headers, body }, controlled);
    if (!isLoopbackHost(host) && !/\.amazonaws\.com(\.cn)?$/.test(host)) {
      return { status: 403, headers: {}, body: `Expected a loopback or amazonaws.com host, received ${host}.` };
    }
    const call = callers.understand({ method, path, host, headers, body });
    return 'failure' in call ? errorReply(call.service, randomUUID(), call.failure) : passage.answer(call);
  }

  const server = createServer((incoming, response) => {
    handle(incoming).then(
      (reply) => {
        if (reply === 'cut') incoming.socket.destroy();
        else send(response, reply);
      },
      (error: unknown) => {
        // A caller that hung up while sending has nobody to tell.
        if (!incoming.complete) return;
        settings.onError?.(error);
        send(response, { status: 500, headers: {}, body: 'The edge failed.' });
      },
    );
  });
  server.keepAliveTimeout = keepAliveMs;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls: controlled.calls,
    faults: controlled.faults,
    policies: controlled.policies,
    serviceHeaders: (call) => callers.serviceHeaders(call),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What every call goes through once it is understood. */
class Passage {
  private readonly settings: EdgeSettings;
  private readonly controlled: Controlled;

  constructor(settings: EdgeSettings, controlled: Controlled) {
    this.settings = settings;
    this.controlled = controlled;
  }

  /** The answer, or 'cut' when the caller is not to get one. */
  async answer(call: AwsCall): Promise<Reply | 'cut'> {
    this.controlled.calls.record(call);
    const denied = this.deniedBecause(call);
    if (denied) return errorReply(call.service, call.id, refusal(call.service, 'denied', denied));
    const { delayMs, repeats, fault } = this.controlled.faults.sentence({
      ...call,
      isAbout: (text) => this.isAbout(call, text),
    });
    if (delayMs > 0) await delay(delayMs);
    if (repeats > 0) call.repeats = repeats;
    if (!fault) return this.dispatch(call);
    if ('error' in fault) {
      return errorReply(call.service, call.id, { message: 'A fault rule of the edge struck this call.', ...fault });
    }
    if ('dropReply' in fault || fault.crash === 'after') await this.dispatch(call);
    if ('crash' in fault) this.settings.onCrash?.(call);
    return 'cut';
  }

  private isAbout({ path, body, worker }: AwsCall, text: string): boolean {
    if (path.includes(text) || body.includes(text)) return true;
    return worker !== undefined && this.settings.eventOfWorker?.(worker)?.includes(text) === true;
  }

  private deniedBecause(call: AwsCall): string | undefined {
    // The only unsigned calls that get this far are Cognito's public ones, which no policy governs.
    if (call.role === outsideRole || !call.signed) return undefined;
    const { partitionKeys } = this.settings;
    const decision = this.controlled.policies.authorize(call.principal, call.resources, keysOf(call, partitionKeys));
    if (decision.allowed) return undefined;
    this.controlled.denials.record(call, decision.message);
    return decision.message;
  }

  private async dispatch(call: AwsCall): Promise<Reply> {
    const backend = this.settings.backends[call.service];
    if (!backend) {
      const message = `The embedded cloud has no ${call.service}.`;
      return errorReply(call.service, call.id, { error: 'UnknownOperationException', statusCode: 400, message });
    }
    try {
      return await backend(call);
    } catch (error) {
      this.settings.onError?.(error, call);
      const message = `The embedded ${call.service} failed at ${call.action}.`;
      return errorReply(call.service, call.id, { error: 'InternalFailure', statusCode: 500, message });
    }
  }
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
