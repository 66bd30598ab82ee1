import { after } from './clock.ts';
import { ServiceError } from './errors.ts';
import type { Settings } from './options.ts';
import { CHATS_PER_PING, type PongFrame } from './protocol.ts';
import type { Session } from './session.ts';

export interface HeartbeatHost {
  /** The last number of every chat this socket is subscribed to. */
  positions(session: Session): [chatId: string, last: number][];
  /** `sentAt`: our clock when the ping went out: what the pong says was true no earlier. */
  onPong(pong: PongFrame, session: Session, sentAt: number): void;
}

/**
 * Pings while the session lives. A ping keeps API Gateway from closing an idle socket (10 minutes), finds a socket that
 * is dead without having closed, and brings the heads that reveal a lost last message or a lost subscription.
 */
export class Heartbeat {
  readonly #settings: Settings;
  readonly #session: Session;
  readonly #host: HeartbeatHost;
  #cancel = (): void => {};
  #beating: Promise<void> | undefined;

  constructor(settings: Settings, session: Session, host: HeartbeatHost) {
    this.#settings = settings;
    this.#session = session;
    this.#host = host;
    session.signal.addEventListener('abort', () => this.#cancel());
  }

  /** Pings now, and from then on in time; while a round is under way, that is the one. Never rejects. */
  beat(): Promise<void> {
    return (this.#beating ??= this.#round().finally(() => {
      this.#beating = undefined;
      this.#schedule();
    }));
  }

  #schedule(): void {
    const { clock, random, heartbeatMs } = this.#settings;
    this.#cancel();
    if (!this.#session.isOpen) return;
    // Up to a quarter early: clients that connected together need not ping together.
    this.#cancel = after(clock, heartbeatMs * (1 - random() / 4), () => void this.beat());
  }

  async #round(): Promise<void> {
    const { clock, pongTimeoutMs } = this.#settings;
    const session = this.#session;
    const all = this.#host.positions(session);
    try {
      do {
        const some = all.splice(0, CHATS_PER_PING);
        const sentAt = clock.now();
        const frame = { action: 'ping', ...(some.length > 0 && { positions: Object.fromEntries(some) }) };
        this.#host.onPong(await session.request<PongFrame>(frame, pongTimeoutMs), session, sentAt);
      } while (all.length > 0);
    } catch (error) {
      // An error reply is an answer, too: the socket lives. Silence means that it is dead.
      if (!(error instanceof ServiceError)) session.drop('No pong in time');
    }
  }
}
