import { once } from 'node:events';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Frame, type Message, type SendReply } from '../../client/protocol.ts';
import { ulidMaker } from '../../client/ulid.ts';
import { ManualClock } from './manual-clock.ts';
import { until } from '../setup/until.ts';

/** Answers a request; `undefined` is silence. */
type Answer = Frame | undefined;
type Interceptor = (request: Request, usual: () => Answer) => Answer | Promise<Answer>;

/** A frame of the client, and the socket it came over. */
export interface Request extends Frame {
  action: string;
  ackId: string;
  link: Link;
}

/** One client socket as the service sees it. */
export interface Link {
  socket: WebSocket;
  token: string;
  url: URL;
  chats: Set<string>;
}

interface Chat {
  history: Message[];
  head: number;
}

/**
 * A double of the service's WebSocket edge, for the client's tests: speaks docs/protocol.md on a loopback port, keeps
 * chats in memory, and fails on demand. What the client does is real, sockets included; only the far side is this.
 *
 * `commit` writes history and `post` delivers, so a test can lose (commit only), repeat or reorder. `intercept` changes
 * how an action is answered.
 */
export class ServiceDouble {
  readonly clock = new ManualClock();
  readonly requests: Request[] = [];
  readonly links: Link[] = [];
  /** HTTP statuses for the next connections; 0 breaks the connection without a word. */
  readonly refusals: number[] = [];
  /** The service's clock, ahead of the client's by this. */
  aheadMs = 0;
  /** Most messages in a page of replay. */
  pageSize = 100;
  readonly #chats = new Map<string, Chat>();
  readonly #interceptors: { action: string; interceptor: Interceptor; times: number }[] = [];
  readonly #newId = ulidMaker(Math.random);
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'notification.v1' });

  private constructor(server: Server) {
    this.#server = server;
    server.on('upgrade', (request, socket, head) => {
      const status = this.refusals.shift();
      if (status === 0) socket.destroy();
      else if (status) socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#onConnection(webSocket, request));
    });
  }

  static async start(): Promise<ServiceDouble> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ServiceDouble(server);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.links) socket.terminate();
    this.#sockets.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/dvl`;
  }

  now(): number {
    return this.clock.now() + this.aheadMs;
  }

  /** The sockets that are open. */
  get open(): Link[] {
    return this.links.filter(({ socket }) => socket.readyState === socket.OPEN);
  }

  /** Requests with this action, oldest first. */
  of(action: string): Request[] {
    return this.requests.filter((request) => request.action === action);
  }

  /** Answers the next `times` requests of an action differently. The newest interceptor goes first. */
  intercept(action: string, interceptor: Interceptor, times = Infinity): void {
    this.#interceptors.unshift({ action, interceptor, times });
  }

  chat(chatId: string): Chat {
    const chat = this.#chats.get(chatId) ?? { history: [], head: 0 };
    this.#chats.set(chatId, chat);
    return chat;
  }

  /** Writes a message into history; numbered unless `sequenced` is false. `at`: the time in its id. */
  commit(chatId: string, { sequenced = true, at = this.now() } = {}): Message {
    const chat = this.chat(chatId);
    const message: Message = {
      chatId,
      eventType: 'chat',
      content: `message ${chat.history.length + 1}`,
      messageId: this.#newId(at),
      senderId: 'user-bob',
      publishTimestamp: new Date(this.now()).toISOString(),
      ...(sequenced && { sequence: ++chat.head }),
    };
    chat.history.push(message);
    return message;
  }

  /** Delivers a frame to every subscriber of its chat. */
  post(message: Message): void {
    for (const link of this.open) if (link.chats.has(message.chatId)) this.tell(link, message);
  }

  publish(chatId: string, options?: { sequenced?: boolean }): Message {
    const message = this.commit(chatId, options);
    this.post(message);
    return message;
  }

  /** Sends any frame to one socket. */
  tell({ socket }: Link, frame: object): void {
    socket.send(JSON.stringify(frame));
  }

  /** Breaks every socket, as a network does: without a closing handshake. */
  cut(): void {
    for (const { socket } of this.open) socket.terminate();
  }

  /** Lets time pass timer by timer, as it does: what each sets off is sent and answered before the next. */
  async pass(ms: number): Promise<void> {
    for (const end = this.clock.now() + ms; ;) {
      const left = end - this.clock.now();
      const next = Math.min(this.clock.waiting[0] ?? left, left);
      this.clock.advance(next);
      await this.#settle();
      if (next === left) return;
    }
  }

  /** Frames keep their order, so after a round trip all that was sent before it has arrived; after two, the answers, too. */
  async #settle(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(
        this.open.map(async ({ socket }) => {
          const over = new AbortController();
          socket.ping();
          await Promise.race(
            ['pong', 'close'].map((event) => once(socket, event, { signal: over.signal }).catch(() => {})),
          );
          over.abort();
        }),
      );
    }
  }

  /** Waits for the n-th request of an action. */
  async heard(action: string, count = 1): Promise<Request> {
    await until(`the service hears ${count} x ${action}`, () => this.of(action).length >= count);
    return this.of(action)[count - 1] as Request;
  }

  #onConnection(socket: WebSocket, request: IncomingMessage): void {
    const [, token = ''] = (request.headers['sec-websocket-protocol'] ?? '').split(/, */);
    const link = { socket, token, url: new URL(request.url ?? '', 'ws://loopback'), chats: new Set<string>() };
    this.links.push(link);
    socket.on('message', (data: Buffer) => void this.#onRequest({ ...JSON.parse(data.toString()), link } as Request));
  }

  async #onRequest(request: Request): Promise<void> {
    this.requests.push(request);
    const found = this.#interceptors.find(({ action, times }) => action === request.action && times > 0);
    if (found) found.times--;
    const usual = (): Answer => this.#answer(request);
    const answer = await (found ? found.interceptor(request, usual) : usual());
    const { link, ackId } = request;
    if (answer && link.socket.readyState === link.socket.OPEN) this.tell(link, { ...answer, ackId });
  }

  #answer(request: Request): Answer {
    switch (request.action) {
      case 'sendMessage':
        return this.#accept(request);
      case 'subscribe':
        return this.#subscribe(request);
      case 'unsubscribe':
        for (const chatId of request.chatIds as string[]) request.link.chats.delete(chatId);
        return { type: 'unsubscribed', chatIds: request.chatIds };
      case 'replay':
        return this.#replay(request);
      case 'ping':
        return this.#pong(request);
      case 'authenticate':
        return { type: 'authenticated', tokenExpiresAt: 0 };
      case 'report':
        return undefined;
      default:
        return { type: 'error', statusCode: 400, error: `Unknown action: ${request.action}` };
    }
  }

  #accept({ messageId, messageType = 'standard' }: Request): Answer {
    const reply: SendReply = {
      message: 'Message sent successfully via WebSocket!',
      messageId: messageId as string,
      messageType: messageType as 'standard',
      targetChannel: 'WebSocket',
    };
    return { type: 'reply', ...reply };
  }

  #subscribe({ chatIds, link }: Request): Answer {
    const chats = (chatIds as string[]).map((chatId) => {
      link.chats.add(chatId);
      return { chatId, ...this.#extent(chatId) };
    });
    return { type: 'subscribed', chats, refused: [] };
  }

  #replay(request: Request): Answer {
    const chatId = request.chatId as string;
    const { history } = this.chat(chatId);
    const { fromSequence, toSequence = Infinity, afterMessageId } = request as unknown as Record<string, number>;
    const wanted =
      fromSequence === undefined
        ? history.filter(({ messageId }) => messageId > String(afterMessageId)).sort(byId)
        : history.filter(({ sequence = 0 }) => sequence >= fromSequence && sequence <= toSequence);
    const messages = wanted.slice(0, this.pageSize);
    const next = wanted[this.pageSize];
    return {
      type: 'replay',
      chatId,
      messages,
      ...this.#extent(chatId),
      complete: !next,
      ...(next && (fromSequence === undefined ? { nextMessageId: next.messageId } : { nextSequence: next.sequence })),
    };
  }

  #pong({ positions = {}, link }: Request): Answer {
    const chatIds = Object.keys(positions as object);
    const heads = chatIds.filter((chatId) => link.chats.has(chatId)).map((chatId) => [chatId, this.chat(chatId).head]);
    return {
      type: 'pong',
      serverTime: new Date(this.now()).toISOString(),
      heads: Object.fromEntries(heads),
      notSubscribed: chatIds.filter((chatId) => !link.chats.has(chatId)),
    };
  }

  #extent(chatId: string): { headSequence: number; firstSequence: number } {
    const { head, history } = this.chat(chatId);
    return { headSequence: head, firstSequence: history.find(({ sequence }) => sequence)?.sequence ?? head + 1 };
  }
}

function byId(a: Message, b: Message): number {
  return a.messageId < b.messageId ? -1 : 1;
}
