import { fullJitter } from './backoff.ts';
import { type Deferred, deferred, within } from './clock.ts';
import { ConnectionRefusedError, NotificationError, ServiceError } from './errors.ts';
import type { Events } from './events.ts';
import { Heartbeat, type HeartbeatHost } from './heartbeat.ts';
import type { Settings } from './options.ts';
import type { Frame, PongFrame } from './protocol.ts';
import { explainRefusal } from './refusal.ts';
import { Session, type SessionHost } from './session.ts';
import { type TokenRequest, askToken, tokenExpiry } from './token.ts';
import { TokenKeeper, type TokenKeeperHost } from './token-keeper.ts';

/**
 * - `idle`: connect() was not called yet
 * - `connecting`: no socket yet, for the first time
 * - `connected`: a socket is open, and the service has answered on it
 * - `reconnecting`: it is gone; the next one is being tried
 * - `closed`: over, by close() or by a refusal for good
 */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface ConnectionHost {
  onFrame(frame: Frame, session: Session): void;
  /** A new socket is open: resolves when every chat has been subscribed on it, or it has ended. Never rejects. */
  onSession(session: Session): Promise<void>;
  /** See HeartbeatHost. */
  positions(session: Session): [chatId: string, last: number][];
  onPong(pong: PongFrame, session: Session, sentAt: number): void;
  /** Everything that waits is told why. */
  onClosed(error: NotificationError): void;
}

/** A socket that lived this long was a good one: the next reconnect starts with the shortest back-off. */
const GOOD_LIFE_MS = 10_000;

/** How long a rotation waits for the new socket's subscriptions, and the old one for its last replies. */
const HANDOVER_MS = 10_000;

/** How long close() waits for the service to agree. */
const CLOSE_MS = 2_000;

/** Keeps one good session at a time, through refusals, losses and planned rotations. */
export class Connection {
  state: ConnectionState = 'idle';
  readonly #settings: Settings;
  readonly #events: Events;
  readonly #host: ConnectionHost;
  readonly #sessionHost: SessionHost & HeartbeatHost & TokenKeeperHost;
  readonly #url: string;
  readonly #sessions = new Map<Session, { heartbeat: Heartbeat; keeper: TokenKeeper }>();
  #life = new AbortController();
  #current: Session | undefined;
  #connected: Deferred<Session> = deferred();
  #skipPause = (): void => {};
  #clockOffset = 0;
  #ackIds = 0;

  constructor(settings: Settings, events: Events, host: ConnectionHost) {
    this.#settings = settings;
    this.#events = events;
    this.#host = host;
    const url = new URL(settings.url);
    if (settings.frames === 'batch') url.searchParams.set('frames', 'batch');
    this.#url = url.href;
    this.#sessionHost = {
      ...host,
      nextAckId: () => (++this.#ackIds).toString(36),
      onError: this.#report,
      onPong: (pong, session, sentAt) => {
        const server = new Date(pong.serverTime ?? NaN).getTime();
        if (server) this.#clockOffset = server - (sentAt + settings.clock.now()) / 2;
        host.onPong(pong, session, sentAt);
      },
      serverTime: this.serverTime,
    };
  }

  /** A time of our clock (default: now) in the service's, as the last pong told it; both epoch milliseconds. */
  readonly serverTime = (time = this.#settings.clock.now()): number => time + this.#clockOffset;

  /** Starts, unless started; resolves when connected, rejects when closed before. */
  async connect(): Promise<void> {
    if (this.state === 'idle' || this.state === 'closed') {
      this.#life = new AbortController();
      if (this.state === 'closed') this.#connected = deferred();
      this.#become('connecting');
      globalThis.addEventListener?.('online', this.wake);
      void this.#run(this.#life.signal);
    }
    await this.whenConnected();
  }

  /** The session to use, when there is one. Rejects once closed. */
  whenConnected(): Promise<Session> {
    return this.#current ? Promise.resolve(this.#current) : this.#connected.promise;
  }

  /** Ends everything; resolves when the sockets are closed. `error` is what all that waits is told. */
  async close(error: NotificationError): Promise<void> {
    if (this.state === 'closed') return;
    globalThis.removeEventListener?.('online', this.wake);
    this.#life.abort(error);
    this.#skipPause();
    if (this.#current) this.#connected = deferred();
    this.#connected.reject(error);
    this.#current = undefined;
    this.#host.onClosed(error);
    this.#become('closed', error);
    await Promise.all([...this.#sessions.keys()].map((session) => this.#closeSession(session)));
  }

  /** Tries now instead of at the next turn: reconnects, or finds out whether the socket is alive. */
  readonly wake = (): void => {
    this.#skipPause();
    this.check();
  };

  /** Finds out whether the current socket is alive. */
  check(): void {
    if (this.#current) void this.#sessions.get(this.#current)?.heartbeat.beat();
  }

  /**
   * A request; where the service says that the token has ended, it is renewed and the request made once more. Where it says
   * that it has given the connection up, so do we: another one takes over.
   */
  async ask<Reply>(session: Session, frame: object | string): Promise<Reply> {
    const ask = (): Promise<Reply> => session.request<Reply>(frame, this.#settings.replyTimeoutMs);
    try {
      return await ask();
    } catch (error) {
      const keeper = this.#sessions.get(session)?.keeper;
      if (!keeper || !(error instanceof ServiceError)) throw error;
      if (error.statusCode === 410) session.drop('The service has given this connection up');
      if (error.statusCode !== 401) throw error;
      await keeper.renew();
      return ask();
    }
  }

  /** Every open session, the newest last: two while one is being replaced. */
  openSessions(): Session[] {
    return [...this.#sessions.keys()].filter((session) => session.isOpen);
  }

  /** Renews the session's token now. */
  renew(session: Session): void {
    this.#sessions.get(session)?.keeper.renew().catch(this.#report);
  }

  async #run(life: AbortSignal): Promise<void> {
    const { clock } = this.#settings;
    let reason: TokenRequest['reason'] = 'connect';
    for (let attempt = 0; !life.aborted;) {
      try {
        const session = await this.#open(reason, life);
        reason = 'connect';
        await this.#handOver(session);
        const since = clock.now();
        await this.#untilOver(session);
        if (clock.now() - since >= GOOD_LIFE_MS) attempt = 0;
        // Not lost, but old: its successor opens at once, while it goes on.
        if (session.isOpen) continue;
      } catch (error) {
        if (life.aborted) return;
        this.#report(error);
        const unauthorized = error instanceof ConnectionRefusedError && error.reason === 'unauthorized';
        if (unauthorized && reason === 'refused' && !this.#current) return void this.close(error);
        reason = unauthorized ? 'refused' : 'connect';
      }
      const skipped = new Promise<void>((resolve) => (this.#skipPause = resolve));
      if (!life.aborted) await within(clock, fullJitter(attempt++, this.#settings), skipped);
    }
  }

  /** Opens a socket and hears the service answer on it. */
  async #open(reason: TokenRequest['reason'], life: AbortSignal): Promise<Session> {
    const token = await askToken(this.#settings.token, reason, life);
    if (tokenExpiry(token) <= this.serverTime()) throw new ConnectionRefusedError('token-expired');
    life.throwIfAborted();
    const session = new Session(this.#settings, this.#url, token, this.#sessionHost);
    const heartbeat = new Heartbeat(this.#settings, session, this.#sessionHost);
    const keeper = new TokenKeeper(this.#settings, session, token, this.#sessionHost);
    this.#sessions.set(session, { heartbeat, keeper });
    session.signal.addEventListener('abort', () => this.#lost(session));
    void session.closed.then(() => this.#sessions.delete(session));
    try {
      await session.opened;
    } catch (error) {
      life.throwIfAborted();
      throw await explainRefusal(token, error, this.#settings.probe, life);
    }
    // Subscriptions need not wait for it.
    void this.#host.onSession(session);
    // The first pong also tells the service's clock, by which the ids of everything we send are made.
    await heartbeat.beat();
    keeper.schedule();
    return session;
  }

  readonly #report = (error: unknown): void => {
    const known = error instanceof NotificationError;
    this.#events.emit('error', known ? error : new NotificationError('connection-lost', String(error), error));
  };

  /** Makes the session the current one. Its predecessor, if any, stays until the chats are subscribed on this one. */
  async #handOver(session: Session): Promise<void> {
    const subscribed = this.#host.onSession(session);
    const { clock } = this.#settings;
    if (this.#current) await within(clock, HANDOVER_MS, Promise.race([subscribed, this.#current.ended]));
    session.signal.throwIfAborted();
    const old = this.#current;
    this.#current = session;
    this.#connected.resolve(session);
    this.#become('connected');
    if (old) void this.#retire(old);
  }

  /** Lets the old socket hear the replies it still waits for, then closes it. */
  async #retire(old: Session): Promise<void> {
    await within(this.#settings.clock, HANDOVER_MS, old.idle());
    await this.#closeSession(old);
  }

  /** Resolves when the session has ended or is old enough to be replaced. */
  #untilOver(session: Session): Promise<void> {
    const { clock, rotateAfterMs, random } = this.#settings;
    return within(clock, rotateAfterMs * (1 - random() / 10), session.ended);
  }

  #lost(session: Session): void {
    if (this.#current !== session) return;
    this.#current = undefined;
    this.#connected = deferred();
    this.#become('reconnecting');
  }

  async #closeSession(session: Session): Promise<void> {
    session.close();
    await within(this.#settings.clock, CLOSE_MS, session.closed);
    session.drop('The service did not close');
  }

  #become(state: ConnectionState, error?: NotificationError): void {
    const previous = this.state;
    this.state = state;
    if (state !== previous) this.#events.emit('state', { state, previous, error });
  }
}
