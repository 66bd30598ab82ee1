import { WebSocket } from 'ws';
import { breachOf } from './contract.ts';
import type { Outputs } from './outputs.ts';
import { signIn } from './sign-in.ts';

export type Frame = Record<string, unknown>;
type Matcher = (frame: Frame) => boolean;

/** How a refused connection was answered. */
export class ConnectionRefused extends Error {
  readonly statusCode: number;
  constructor(statusCode: number) {
    super(`The connection was refused with ${statusCode}`);
    this.statusCode = statusCode;
  }
}

/**
 * A plain WebSocket that keeps what it received and waits for what is still to come. Every frame must be one of the
 * contract's: the first that is not fails whoever waits, then or later.
 */
export class TestSocket {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  #waiting: { matches: Matcher; resolve: (frame: Frame) => void; reject: (breach: Error) => void }[] = [];
  readonly #check: (frame: Frame) => Error | undefined;
  #breach: Error | undefined;
  #closed: { code: number; reason: string } | undefined;

  private constructor(socket: WebSocket, check: (frame: Frame) => Error | undefined) {
    this.socket = socket;
    this.#check = check;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString('utf8')) as Frame));
    socket.on('close', (code, reason) => (this.#closed = { code, reason: reason.toString() }));
  }

  /**
   * Opens a socket with exactly these query parameters, subprotocols and headers.
   * @param check what is wrong with a frame, for a server that is not the service
   * @throws ConnectionRefused with the HTTP status when the service refuses
   */
  static async open(
    url: string,
    query: Record<string, string> = {},
    protocols: string[] = [],
    headers: Record<string, string> = {},
    check: (frame: Frame) => Error | undefined = breachOf,
  ): Promise<TestSocket> {
    const target = new URL(url);
    for (const [name, value] of Object.entries(query)) target.searchParams.append(name, value);
    const socket = new WebSocket(target, protocols, { headers });
    const opened = new TestSocket(socket, check);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(opened));
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(new ConnectionRefused(response.statusCode ?? 0));
      });
      socket.once('error', reject);
    });
  }

  /** Signs a user in and opens a socket subscribed to these chats, with the token where clients should put it. */
  static async openAs(outputs: Outputs, username: string, ...chatIds: string[]): Promise<TestSocket> {
    const { accessToken } = await signIn(outputs, username);
    return TestSocket.open(outputs.webSocketUrl, chatIds.length > 0 ? { chatIds: chatIds.join(',') } : {}, [
      'notification.v1',
      accessToken,
    ]);
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends a message and resolves with the reply that carries its `ackId`. */
  request(message: Record<string, unknown>): Promise<Frame> {
    const ackId = `ack-${Math.random().toString(36).slice(2)}`;
    const reply = this.next((frame) => frame['ackId'] === ackId, `reply to ${JSON.stringify(message).slice(0, 200)}`);
    this.send({ ...message, ackId });
    return reply;
  }

  /** The first frame, received or yet to come, that matches. */
  next(matches: Matcher, what = 'frame', timeoutMs = 40_000): Promise<Frame> {
    if (this.#breach) return Promise.reject(this.#breach);
    const found = this.frames.find(matches);
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new Error(`No ${what} within ${timeoutMs} ms; received ${JSON.stringify(this.frames).slice(0, 2000)}`),
          ),
        timeoutMs,
      );
      this.#waiting.push({
        matches,
        resolve: (frame) => {
          clearTimeout(timer);
          resolve(frame);
        },
        reject: (breach) => {
          clearTimeout(timer);
          reject(breach);
        },
      });
    });
  }

  /** Waits until `count` frames match, and gives all that match. */
  async collect(matches: Matcher, count: number, what = 'frames', timeoutMs = 20_000): Promise<Frame[]> {
    await this.next(() => this.frames.filter(matches).length >= count, `${count} ${what}`, timeoutMs);
    return this.frames.filter(matches);
  }

  /** Messages (frames without `type`), those of one chat when given. */
  messages(chatId?: string): Frame[] {
    return this.frames.filter((frame) => frame['type'] === undefined && (!chatId || frame['chatId'] === chatId));
  }

  /** Waits for the socket's end, whoever ends it. */
  closed(): Promise<{ code: number; reason: string }> {
    if (this.#closed) return Promise.resolve(this.#closed);
    return new Promise((resolve) =>
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  async close(): Promise<void> {
    const closed = this.closed();
    this.socket.close();
    await closed;
  }

  #receive(frame: Frame): void {
    this.frames.push(frame);
    this.#breach ??= this.#check(frame);
    if (this.#breach) for (const { reject } of this.#waiting.splice(0)) reject(this.#breach);
    const ready = this.#waiting.filter(({ matches }) => matches(frame));
    this.#waiting = this.#waiting.filter((waiting) => !ready.includes(waiting));
    for (const { resolve } of ready) resolve(frame);
  }
}
