import { after, deferred } from './clock.ts';
import { NotificationError } from './errors.ts';
import type { Settings } from './options.ts';
import { type Frame, SUBPROTOCOL } from './protocol.ts';
import { Requests } from './requests.ts';

/** The part of a WebSocket this library uses: the browser's, Node's and that of `ws` all fit. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  /** Only in `ws`: drops the connection without waiting for the other side. */
  terminate?(): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export interface SessionHost {
  nextAckId(): string;
  onFrame(frame: Frame, session: Session): void;
  onError(error: NotificationError): void;
}

/** One socket, from opening to its end, and the requests over it. */
export class Session {
  /** Resolves when the socket is open; rejects when it ends before. */
  readonly opened: Promise<void>;
  /** Aborts when the session ends: what waits on its behalf then stops. Our own close ends it at once. */
  readonly signal: AbortSignal;
  /** Resolves when the session ends. */
  readonly ended: Promise<void>;
  /** Resolves when the socket has closed: after our own close, once the service agrees. */
  readonly closed: Promise<void>;
  /** The chats this socket is known to be subscribed to, each with whoever asked. */
  readonly live = new Map<string, unknown>();
  isOpen = false;
  readonly #socket: SocketLike;
  readonly #requests: Requests;
  readonly #life = new AbortController();
  readonly #ending = deferred<undefined>();
  readonly #opening = deferred<undefined>();
  readonly #closing = deferred<undefined>();
  readonly #cancelTimeout: () => void;

  /** Opens the socket. Throws what the WebSocket constructor throws (a bad URL or token). */
  constructor({ WebSocket, clock, connectTimeoutMs }: Settings, url: string, token: string, host: SessionHost) {
    this.opened = this.#opening.promise;
    this.ended = this.#ending.promise;
    this.closed = this.#closing.promise;
    this.signal = this.#life.signal;
    const socket = (this.#socket = new WebSocket(url, [SUBPROTOCOL, token]));
    this.#requests = new Requests(
      (text) => socket.send(text),
      clock,
      () => host.nextAckId(),
    );
    this.#cancelTimeout = after(clock, connectTimeoutMs, () => this.drop('No connection in time'));
    let failure: unknown;
    socket.onopen = () => {
      this.#cancelTimeout();
      this.isOpen = true;
      this.#opening.resolve(undefined);
    };
    // Listened to until the end: in Node an `error` event that nobody hears is an uncaught exception.
    socket.onerror = (event: unknown) => (failure = event);
    socket.onclose = ({ code }: { code: number }) => {
      this.#end(new NotificationError('connection-lost', `The socket closed (${code})`, failure));
      this.#closing.resolve(undefined);
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (this.signal.aborted) return;
      const frame = parse(data);
      if (!frame) host.onError(new NotificationError('bad-frame', 'A frame is not a JSON object', data));
      else if (!this.#requests.settle(frame)) host.onFrame(frame, this);
    };
  }

  /** See Requests.request. */
  async request<Reply>(frame: object | string, timeoutMs: number): Promise<Reply> {
    this.signal.throwIfAborted();
    return this.#requests.request<Reply>(frame, timeoutMs);
  }

  /** Sends a frame that is not answered. */
  tell(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Resolves when no request is waiting for its reply. */
  idle(): Promise<void> {
    return this.#requests.idle();
  }

  /** Closes the socket in order. */
  close(): void {
    this.#end(new NotificationError('connection-lost', 'The socket was closed'));
    this.#socket.close(1000);
  }

  /** Gives up on a socket that does not answer; it cannot be expected to answer the closing handshake either. */
  drop(reason: string): void {
    this.#end(new NotificationError('connection-lost', reason));
    if (this.#socket.terminate) this.#socket.terminate();
    else this.#socket.close();
    this.#closing.resolve(undefined);
  }

  #end(error: NotificationError): void {
    if (this.signal.aborted) return;
    this.#cancelTimeout();
    this.isOpen = false;
    this.#life.abort(error);
    this.#ending.resolve(undefined);
    this.#opening.reject(error);
    this.#requests.failAll(error);
  }
}

function parse(data: unknown): Frame | undefined {
  try {
    const frame: unknown = JSON.parse(data as string);
    return typeof frame === 'object' && frame !== null && !Array.isArray(frame) ? (frame as Frame) : undefined;
  } catch {
    return undefined;
  }
}
