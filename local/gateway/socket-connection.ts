import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';

/** How long a socket may live and be silent; API Gateway's own figures unless a test compresses time. */
export type SocketLifetimes = { idleSeconds: number; lifetimeSeconds: number };
export const apiGatewayLifetimes: SocketLifetimes = { idleSeconds: 600, lifetimeSeconds: 7200 };

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
export const maxMessageBytes = 128 * 1024;

/** A client that reads this little of what was posted to it has, for API Gateway, a full buffer. */
const maxUnreadBytes = 1024 * 1024;

/** The `@connections` answer to a post, a look-up or a close. */
export type ManagementReply = { status: number; errorType?: string; message?: string; body?: unknown };

export const gone: ManagementReply = { status: 410, errorType: 'GoneException', message: 'The connection is gone' };

/** A client's connection, from the moment it asks for one: who it is, its socket once there is one, and when that ends by itself. */
export class SocketConnection {
  readonly connectionId = randomBytes(11).toString('base64');
  readonly connectedAt = Date.now();
  readonly identity: { sourceIp: string; userAgent: string };
  /** What the authorizer knows of the client. */
  authorizer: Record<string, string> = {};
  readonly #lifetimes: SocketLifetimes;
  #lastActiveAt = this.connectedAt;
  #socket: WebSocket | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #lifeTimer: NodeJS.Timeout | undefined;

  constructor(request: IncomingMessage, lifetimes: SocketLifetimes) {
    this.identity = {
      sourceIp: request.socket.remoteAddress ?? '',
      userAgent: request.headers['user-agent'] ?? '',
    };
    this.#lifetimes = lifetimes;
  }

  get socket(): WebSocket | undefined {
    return this.#socket;
  }

  /** Its life begins, and the time in which it may be silent. */
  open(socket: WebSocket): void {
    this.#socket = socket;
    this.#lifeTimer = setTimeout(() => socket.close(1001, 'Going away'), this.#lifetimes.lifetimeSeconds * 1000);
    this.active();
    socket.once('close', () => {
      clearTimeout(this.#idleTimer);
      clearTimeout(this.#lifeTimer);
    });
  }

  /** Something came over the socket, or was posted to it. */
  active(): void {
    this.#lastActiveAt = Date.now();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#socket?.close(1001, 'Going away'), this.#lifetimes.idleSeconds * 1000);
  }

  /** Answers a message of the client, if it is still there. */
  answer(body: string): void {
    const socket = this.#socket;
    if (socket && socket.readyState === socket.OPEN) socket.send(body);
  }

  /** `@connections`: POST delivers `body`, GET describes, DELETE closes. */
  manage(method: string, body: Buffer): ManagementReply {
    const socket = this.#socket;
    if (!socket || socket.readyState !== socket.OPEN) return gone;
    if (method === 'DELETE') {
      socket.close(1001, 'Connection closed by the service');
      return { status: 204 };
    }
    if (method === 'GET') {
      return {
        status: 200,
        body: {
          connectedAt: new Date(this.connectedAt).toISOString(),
          lastActiveAt: new Date(this.#lastActiveAt).toISOString(),
          identity: this.identity,
        },
      };
    }
    if (body.length > maxMessageBytes) {
      return {
        status: 413,
        errorType: 'PayloadTooLargeException',
        message: `${body.length} bytes; the limit is ${maxMessageBytes}`,
      };
    }
    if (socket.bufferedAmount > maxUnreadBytes) {
      return {
        status: 429,
        errorType: 'LimitExceededException',
        message: 'The client does not read what is sent to it',
      };
    }
    socket.send(body, { binary: false });
    this.active();
    return { status: 200 };
  }
}
