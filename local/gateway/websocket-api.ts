import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { watchFrameLength } from './frame-limit.ts';
import { type ConnectAnswer, isWebSocketHandshake, readConnectAnswer, refuse } from './handshake.ts';
import { functionArnOf, type InvokeFunction } from './invoke.ts';
import { askAuthorizer, type RequestAuthorizer } from './request-authorizer.ts';
import { isHeadTooLarge, isSocketUrlTooLong } from './request-size.ts';
import {
  apiGatewayLifetimes,
  gone,
  type ManagementReply,
  maxMessageBytes,
  SocketConnection,
  type SocketLifetimes,
} from './socket-connection.ts';
import { readTarget, type Target } from './target.ts';
import { type Limits, Throttles } from './throttle.ts';
import { handshakeEvent, requestContextOf } from './websocket-events.ts';

/** A route: the function behind it, whether its result goes back to the client, and who may open a socket (`$connect` only). */
export type WebSocketRoute = { integrationUri: string; replies: boolean; authorizer?: RequestAuthorizer };

/** An AWS::ApiGatewayV2::Api of type WEBSOCKET with what belongs to it, resolved. */
export type WebSocketApiDefinition = {
  apiId: string;
  stage: string;
  region: string;
  accountId: string;
  domainName: string;
  /** By route key. */
  routes: Map<string, WebSocketRoute>;
  throttling?: Limits;
  routeThrottling?: Map<string, Limits | undefined>;
};

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
const maxFrameBytes = 32 * 1024;

/** Called for what API Gateway would count: a request for a socket that `$connect` decides about, and one refused without asking. */
export type WebSocketApiSeen = (seen: { apiId: string; stage: string; metric: 'ConnectCount' | 'ClientError' }) => void;

/**
 * API Gateway's WebSocket API: authorizer and `$connect` before the upgrade, routes by `$request.body.action`, route responses, `$disconnect`,
 * the documented size and time limits, and `@connections`. A post to a socket whose `$connect` has not returned is Gone, as on AWS.
 */
export class WebSocketApi {
  readonly #definition: WebSocketApiDefinition;
  readonly #invoke: InvokeFunction;
  readonly #lifetimes: SocketLifetimes;
  readonly #connections = new Map<string, SocketConnection>();
  readonly #throttles: Throttles;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #server: WebSocketServer;
  #seen: WebSocketApiSeen = () => undefined;

  constructor(
    definition: WebSocketApiDefinition,
    invoke: InvokeFunction,
    lifetimes: SocketLifetimes = apiGatewayLifetimes,
  ) {
    this.#definition = definition;
    this.#invoke = invoke;
    this.#lifetimes = lifetimes;
    this.#throttles = new Throttles(definition.throttling, definition.routeThrottling);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: (_offered, request) => acceptedProtocols.get(request) ?? false,
    });
  }

  /** Has told what connects, and what is refused by the gateway itself. */
  watch(seen: WebSocketApiSeen): void {
    this.#seen = seen;
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** Answers an HTTP upgrade: 101 and a live connection, or the status that the authorizer or `$connect` chose. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (isSocketUrlTooLong(request)) return refuse(socket, 414);
    if (isHeadTooLarge(request)) return refuse(socket, 431);
    const target = readTarget(request.url);
    if (target?.path.replace(/\/$/, '') !== `/${this.#definition.stage}`) return refuse(socket, 403);
    if (!isWebSocketHandshake(request)) return refuse(socket, 400);
    if (!this.#throttles.allow('$connect')) {
      this.#count('ClientError');
      return refuse(socket, 429);
    }
    const connection = new SocketConnection(request, this.#lifetimes);
    const answer = await this.#connect(connection, request, target);
    if (answer.statusCode < 200 || answer.statusCode > 299) return refuse(socket, answer.statusCode, answer.body);
    // `ws` would drop such a socket without a word, and the rows of $connect would stay.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return this.#track(this.#disconnected(connection, 1006, 'closed during connect'));
    }
    if (answer.protocol) acceptedProtocols.set(request, answer.protocol);
    this.#server.handleUpgrade(request, socket, head, (accepted) => this.#open(connection, accepted, socket));
  }

  /** `@connections`: POST delivers `body`, GET describes, DELETE closes. */
  manage(method: string, connectionId: string, body: Buffer): ManagementReply {
    return this.#connections.get(connectionId)?.manage(method, body) ?? gone;
  }

  /** Closes every socket and waits for the `$disconnect` calls that follow. */
  async stop(): Promise<void> {
    const sockets = [...this.#connections.values()].flatMap(({ socket }) => socket ?? []);
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) socket.terminate();
    await Promise.all(closed);
    await Promise.allSettled(this.#underWay);
    this.#server.close();
  }

  async #connect(connection: SocketConnection, request: IncomingMessage, { search }: Target): Promise<ConnectAnswer> {
    const route = this.#definition.routes.get('$connect');
    if (!route) return { statusCode: 200 };
    const { parts, event } = handshakeEvent(request, search);
    const requestContext = requestContextOf(this.#definition, connection, '$connect', 'CONNECT');
    if (route.authorizer) {
      const result = await askAuthorizer(
        route.authorizer,
        parts,
        this.#arn('$connect'),
        { ...event, requestContext },
        this.#arn(`authorizers/${route.authorizer.authorizerId}`, false),
        this.#invoke,
      );
      if (!result.allowed) {
        if (result.statusCode < 500) this.#count('ClientError');
        return { statusCode: result.statusCode };
      }
      connection.authorizer = result.context;
    }
    this.#count('ConnectCount');
    try {
      const answer = await this.#call(route.integrationUri, '$connect', {
        ...event,
        requestContext: { ...requestContext, authorizer: connection.authorizer },
        isBase64Encoded: false,
      });
      return readConnectAnswer(answer);
    } catch {
      return { statusCode: 500 };
    }
  }

  #open(connection: SocketConnection, socket: WebSocket, stream: Duplex): void {
    connection.open(socket);
    this.#connections.set(connection.connectionId, connection);
    watchFrameLength(stream, maxFrameBytes, () => socket.close(1009, 'Frame too long'));
    socket.on('error', () => socket.close());
    socket.on('message', (data, isBinary) => {
      // What came in a frame that was too long, or after one, is not looked at.
      if (socket.readyState !== socket.OPEN) return;
      connection.active();
      this.#track(this.#received(connection, data, isBinary));
    });
    socket.on('close', (code, reason) => {
      this.#connections.delete(connection.connectionId);
      this.#track(this.#disconnected(connection, code, reason.toString()));
    });
  }

  async #received(connection: SocketConnection, data: RawData, isBinary: boolean): Promise<void> {
    const bytes = Buffer.isBuffer(data)
      ? data
      : Buffer.concat([data].flat().map((part) => Buffer.from(part as ArrayBuffer)));
    const text = bytes.toString('utf8');
    const routeKey = isBinary ? '$default' : this.#routeKeyOf(text);
    const route = this.#definition.routes.get(routeKey);
    const requestContext = requestContextOf(this.#definition, connection, routeKey, 'MESSAGE');
    const ids = { connectionId: connection.connectionId, requestId: requestContext.requestId };
    const refusal = !route ? 'Forbidden' : this.#throttles.allow(routeKey) ? undefined : 'Too Many Requests';
    if (!route || refusal !== undefined) {
      this.#count('ClientError');
      return connection.answer(JSON.stringify({ message: refusal, ...ids }));
    }
    try {
      const result = await this.#call(route.integrationUri, routeKey, {
        requestContext: { ...requestContext, authorizer: connection.authorizer },
        body: isBinary ? bytes.toString('base64') : text,
        isBase64Encoded: isBinary,
      });
      const { body } = (result ?? {}) as { body?: unknown };
      if (route.replies && typeof body === 'string') connection.answer(body);
    } catch {
      connection.answer(JSON.stringify({ message: 'Internal server error', ...ids }));
    }
  }

  /** The `$request.body.action` of a message; what names no route goes to `$default`. */
  #routeKeyOf(text: string): string {
    try {
      const { action } = JSON.parse(text) as { action?: unknown };
      return typeof action === 'string' && this.#definition.routes.has(action) ? action : '$default';
    } catch {
      return '$default';
    }
  }

  async #disconnected(connection: SocketConnection, code: number, reason: string): Promise<void> {
    const route = this.#definition.routes.get('$disconnect');
    if (!route) return;
    const requestContext = {
      ...requestContextOf(this.#definition, connection, '$disconnect', 'DISCONNECT'),
      disconnectStatusCode: code,
      disconnectReason: reason,
      authorizer: connection.authorizer,
    };
    // Best effort, as on AWS: rows that this misses carry a TTL.
    await this.#call(route.integrationUri, '$disconnect', { requestContext, isBase64Encoded: false }).catch(
      () => undefined,
    );
  }

  #call(integrationUri: string, routeKey: string, event: unknown): Promise<unknown> {
    return this.#invoke(functionArnOf(integrationUri), this.#arn(routeKey), event);
  }

  #count(metric: 'ConnectCount' | 'ClientError'): void {
    const { apiId, stage } = this.#definition;
    this.#seen({ apiId, stage, metric });
  }

  #track(work: Promise<unknown>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  #arn(path: string, withStage = true): string {
    const { region, accountId, apiId, stage } = this.#definition;
    return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${withStage ? `${stage}/` : ''}${path}`;
  }
}

/** The protocol a `$connect` answer chose, kept for the moment `ws` asks for it. */
const acceptedProtocols = new WeakMap<IncomingMessage, string>();
