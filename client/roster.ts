import { pause } from './backoff.ts';
import type { CatchUp } from './catch-up.ts';
import type { Connection } from './connection.ts';
import { ServiceError, SubscriptionEndedError } from './errors.ts';
import type { Events } from './events.ts';
import type { Settings } from './options.ts';
import { CHATS_PER_SUBSCRIBE, type SubscribedFrame } from './protocol.ts';
import type { Session } from './session.ts';
import type { ChatSubscription } from './subscription.ts';

/**
 * The chats we want, and the work of making a socket's subscriptions equal to them. One request of a socket at a time: the
 * service runs requests concurrently, so an `unsubscribe` still under way could undo the `subscribe` after it.
 */
export class Roster {
  readonly wanted = new Map<string, ChatSubscription>();
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #catchUp: CatchUp;
  readonly #events: Events;
  readonly #working = new Map<Session, Promise<void>>();

  constructor(settings: Settings, connection: Connection, catchUp: CatchUp, events: Events) {
    this.#settings = settings;
    this.#connection = connection;
    this.#catchUp = catchUp;
    this.#events = events;
  }

  /** Wants a chat from now on. */
  add(subscription: ChatSubscription): void {
    this.wanted.set(subscription.chatId, subscription);
    this.#reconcileAll();
  }

  /** Resolves when the socket's subscriptions are what we want, or the socket has ended. Never rejects. */
  reconcile(session: Session): Promise<void> {
    let work = this.#working.get(session);
    if (!work) this.#working.set(session, (work = this.#work(session)));
    return work;
  }

  /** Forgets a chat that is over. The error, if any, is what its holder is told. */
  remove(subscription: ChatSubscription, error?: Error): void {
    if (this.wanted.get(subscription.chatId) === subscription) {
      this.wanted.delete(subscription.chatId);
      this.#reconcileAll();
    }
    subscription.end(error);
  }

  #reconcileAll(): void {
    for (const session of this.#connection.openSessions()) void this.reconcile(session);
  }

  /** The last number of every chat the socket is subscribed to. */
  positions(session: Session): [chatId: string, last: number][] {
    return [...this.wanted.values()].flatMap((one): [string, number][] =>
      session.live.get(one.chatId) === one && one.stream.last !== undefined ? [[one.chatId, one.stream.last]] : [],
    );
  }

  async #work(session: Session): Promise<void> {
    let most = CHATS_PER_SUBSCRIBE;
    for (let attempt = 0; ;) {
      // After the turn that asked, so that subscriptions made together share a frame.
      await Promise.resolve();
      const gone = [...session.live.keys()].filter((chatId) => !this.wanted.has(chatId)).slice(0, most);
      const fresh = [...this.wanted.values()].filter((one) => session.live.get(one.chatId) !== one).slice(0, most);
      // Forgotten in the very turn that finds nothing to do: what is wanted from then on needs work of its own.
      if (session.signal.aborted || gone.length + fresh.length === 0) return void this.#working.delete(session);
      try {
        if (gone.length > 0) await this.#unsubscribe(session, gone);
        else await this.#subscribe(session, fresh);
        attempt = 0;
      } catch (error) {
        if (session.signal.aborted) continue;
        if (error instanceof ServiceError && !error.transient) {
          // One name spoils its whole frame: find it by asking for each alone.
          if (most === 1) this.#refuse(session, gone[0], fresh[0], error.message);
          most = 1;
        } else await pause(this.#settings, attempt++, session.signal, error).catch(() => {});
      }
    }
  }

  async #unsubscribe(session: Session, chatIds: string[]): Promise<void> {
    await this.#connection.ask(session, { action: 'unsubscribe', chatIds });
    for (const chatId of chatIds) session.live.delete(chatId);
  }

  async #subscribe(session: Session, fresh: ChatSubscription[]): Promise<void> {
    const asked = new Map(fresh.map((one) => [one.chatId, { one, last: one.stream.last }]));
    const askedAt = this.#settings.clock.now();
    const chatIds = [...asked.keys()];
    const reply = await this.#connection.ask<SubscribedFrame>(session, { action: 'subscribe', chatIds });
    if (session.signal.aborted) return;
    for (const { chatId, headSequence } of reply.chats) {
      const { one, last } = asked.get(chatId) ?? {};
      if (!one) continue;
      session.live.set(chatId, one);
      if (this.wanted.get(chatId) !== one) continue;
      const lost = one.subscribed(headSequence, askedAt, last);
      if (lost) this.#events.emit('truncated', { chatId, ...lost, reason: 'reset' });
      this.#catchUp.notice(one);
      asked.delete(chatId);
    }
    for (const { chatId, error, statusCode } of reply.refused ?? []) {
      const refusal = new ServiceError({ error, statusCode: statusCode ?? 403 });
      if (refusal.transient) throw refusal;
      this.#refuse(session, undefined, asked.get(chatId)?.one, error);
    }
  }

  #refuse(session: Session, gone: string | undefined, fresh: ChatSubscription | undefined, error: string): void {
    if (gone !== undefined) session.live.delete(gone);
    else if (fresh) {
      const { chatId } = fresh;
      this.#events.emit('refused', { chatId, error });
      this.remove(fresh, new SubscriptionEndedError(chatId, 'refused', error));
    }
  }
}
