import { WebSocket } from 'ws';
import { type Client, createClient, type Message, type Position, type Subscription } from '../../../client/index.ts';
import type { Api } from '../graphql/api.ts';

/** Patience for a machine that is busy: a first try that was only slow is made again, which must do no harm. */
export const sendDeadlineMs = 90_000;

/** A person's app: the client library, whose sockets can be cut and which can be started anew where it left off. */
export class Listener {
  readonly username: string;
  /** What the library gave, one list for each life of the app. */
  readonly lives: Message[][] = [];
  /** What must never happen here, as it happened. */
  readonly surprises: string[] = [];
  /** What the library last had to say of failures, for a report. */
  #lastError = 'no error';
  readonly #api: Api;
  readonly #chatId: string;
  readonly #frames: 'batch' | 'single';
  #socket: WebSocket | undefined;
  #client: Client;
  #subscription: Subscription;

  /** Starts at once, for what comes from now on or after `from`. */
  constructor(api: Api, username: string, chatId: string, frames: 'batch' | 'single', from?: Position) {
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
    });
    for (const event of ['truncated', 'refused', 'revoked', 'unknown'] as const) {
      client.on(event, (value) => this.surprises.push(`${this.username} heard ${event} ${JSON.stringify(value)}`));
    }
    client.on('error', (error) => (this.#lastError = `${new Date().toISOString()} ${String(error)}`));
    const life: Message[] = [];
    this.lives.push(life);
    const subscription = client.subscribe(this.#chatId, (message) => life.push(message), { from });
    // Told by `refused`, or by the end of this life; nobody may be waiting for it.
    subscription.ready.catch(() => {});
    client.connect().catch(() => {});
    return [client, subscription];
  }
}
