import type { Socket } from 'node:net';
import { decodeTime } from 'ulid';
import { WebSocket } from 'ws';
import {
  type Client,
  type ClientOptions,
  createClient,
  type Message,
  type Position,
  type Subscription,
} from '../../../client/index.ts';
import type { Api } from '../graphql/api.ts';

/** Patience for a machine that is busy: a first try that was only slow is made again, which must do no harm. */
export const sendDeadlineMs = 90_000;

/** A person's app: the client library, whose sockets can be cut and which can be started anew where it left off. */
export class Listener {
  readonly username: string;
  /** What the library gave, one list for each life of the app. */
  readonly lives: Message[][] = [];
  /** How many messages came over its sockets, live or from history, those included that the library then dropped. */
  received = 0;
  /** Of each message the library gave: milliseconds since its sender had made its id. */
  readonly waits: number[] = [];
  /** What must never happen here, as it happened. */
  readonly surprises: string[] = [];
  /** What the library last had to say of failures, for a report. */
  #lastError = 'no error';
  readonly #api: Api;
  readonly #chatId: string;
  readonly #frames: 'batch' | 'single';
  readonly #settings: Partial<ClientOptions>;
  #socket: WebSocket | undefined;
  #stream: Socket | undefined;
  #client: Client;
  #subscription: Subscription;

  /** Starts at once, for what comes from now on or after `from`. */
  constructor(
    api: Api,
    username: string,
    chatId: string,
    frames: 'batch' | 'single',
    from?: Position,
    settings: Partial<ClientOptions> = {},
  ) {
    this.#settings = settings;
    this.#api = api;
    this.username = username;
    this.#chatId = chatId;
    this.#frames = frames;
    [this.#client, this.#subscription] = this.#start(from);
  }

  /** How it is doing, for a report. */
  get condition(): string {
    return `${this.username} is ${this.#client.state}; last: ${this.#lastError}`;
  }

  get client(): Client {
    return this.#client;
  }

  async ready(): Promise<void> {
    await this.#subscription.ready;
  }

  /** Cuts the socket as a network would. */
  loseSocket(): void {
    this.#socket?.terminate();
  }

  /** Reads nothing from the socket any more, which stays open, as on a phone that went to sleep. */
  stallSocket(): void {
    this.#socket?.pause();
  }

  /** Cuts the socket within a frame that it had begun to send: the first six of its 126 bytes. */
  loseSocketInFrame(): void {
    const firstFragment = Buffer.from([0x81, 0xfe, 0x00, 0x7e, 0x01, 0x02]);
    this.#stream?.write(firstFragment, () => this.#stream?.destroy());
  }

  /** Ends the app and starts another from the position that the first had saved. */
  async restart(): Promise<void> {
    const { position } = this.#subscription;
    await this.#client.close();
    [this.#client, this.#subscription] = this.#start(position);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #start(from: Position | undefined): [Client, Subscription] {
    const note = (socket: WebSocket): void => {
      this.#socket = socket;
      socket.once('upgrade', (response) => (this.#stream = response.socket));
      socket.on('message', (data: Buffer) => (this.received += messagesIn(data)));
    };
    class Noted extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        note(this);
      }
    }
    const client = createClient({
      url: this.#api.outputs.webSocketUrl,
      token: () => this.#api.token(this.username),
      WebSocket: Noted,
      frames: this.#frames,
      backoff: { baseMs: 100, capMs: 1_000 },
      heartbeatMs: 2_000,
      replyTimeoutMs: 5_000,
      sendDeadlineMs,
      ...this.#settings,
    });
    for (const event of ['truncated', 'refused', 'revoked', 'unknown'] as const) {
      client.on(event, (value) => this.surprises.push(`${this.username} heard ${event} ${JSON.stringify(value)}`));
    }
    client.on('error', (error) => (this.#lastError = `${new Date().toISOString()} ${String(error)}`));
    const life: Message[] = [];
    this.lives.push(life);
    const hear = (message: Message): void => {
      life.push(message);
      this.waits.push(Date.now() - decodeTime(message.messageId));
    };
    const subscription = client.subscribe(this.#chatId, (message) => hear(message), { from });
    // Told by `refused`, or by the end of this life; nobody may be waiting for it.
    subscription.ready.catch(() => {});
    client.connect().catch(() => {});
    return [client, subscription];
  }
}

/** A frame without a type is a message; batches and pages of history hold several. */
function messagesIn(frame: Buffer): number {
  const { type, messages } = JSON.parse(frame.toString()) as { type?: string; messages?: unknown[] };
  return type === undefined ? 1 : (messages?.length ?? 0);
}
