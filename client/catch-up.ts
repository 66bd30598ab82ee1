import { pause } from './backoff.ts';
import { sleep } from './clock.ts';
import type { Connection } from './connection.ts';
import { type NotificationError, ServiceError } from './errors.ts';
import type { Events, Truncation } from './events.ts';
import type { Settings } from './options.ts';
import type { ReplayFrame } from './protocol.ts';
import type { Session } from './session.ts';
import type { ChatSubscription } from './subscription.ts';
import { lowestUlid } from './ulid.ts';

/** Replays under way at once: coming back with hundreds of chats must not run into the service's rate limit. */
const CONCURRENT_REPLAYS = 4;

/** Fruitless answers to one question before we give up and say so: 3 to 4 minutes with the default back-off. */
const MAX_FRUITLESS = 12;

/** Fills what a chat misses by replaying history over the same socket. */
export class CatchUp {
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #events: Events;
  #free = CONCURRENT_REPLAYS;
  readonly #waiting: (() => void)[] = [];

  constructor(settings: Settings, connection: Connection, events: Events) {
    this.#settings = settings;
    this.#connection = connection;
    this.#events = events;
  }

  /** Something may be missing: finds out and fills it, after `delayMs`. One at a time for a chat. */
  notice(subscription: ChatSubscription, delayMs = 0): void {
    if (subscription.catchingUp) subscription.catchUpAgain = true;
    else if (subscription.unsureSince !== undefined || subscription.stream.missing())
      void this.#run(subscription, delayMs);
  }

  async #run(subscription: ChatSubscription, delayMs: number): Promise<void> {
    const { chatId } = subscription;
    const session = this.#connection.openSessions().findLast(({ live }) => live.get(chatId) === subscription);
    // Not subscribed at the moment: once it is, we are told.
    if (!session) return;
    subscription.catchingUp = true;
    subscription.catchUpAgain = false;
    try {
      if (delayMs > 0) await sleep(this.#settings.clock, delayMs, session.signal);
      if (subscription.unsureSince !== undefined) await this.#byId(subscription, session, subscription.unsureSince);
      await this.#bySequence(subscription, session);
    } catch (error) {
      // A lost socket is no error here: the next one subscribes the chat again, and that starts over.
      if (!session.signal.aborted) this.#events.emit('error', error as NotificationError);
    } finally {
      subscription.catchingUp = false;
      if (subscription.catchUpAgain && !subscription.ended) this.notice(subscription, delayMs);
    }
  }

  async #bySequence(subscription: ChatSubscription, session: Session): Promise<void> {
    const { stream, chatId } = subscription;
    const first = stream.missing();
    if (!first) return;
    this.#events.emit('gap', { chatId, ...first });
    let to = first.to;
    let fruitless = 0;
    for (let gap; (gap = stream.missing()) && !subscription.ended;) {
      to = Math.max(to, gap.to);
      const reply = await this.#page(subscription, session, { fromSequence: gap.from, toSequence: gap.to });
      this.#take(subscription, reply);
      const { complete, firstSequence, nextSequence } = reply;
      // Not believed while an index may lag: what seems the lowest number may have an elder one still on its way.
      if (firstSequence && (complete || nextSequence)) this.#giveUp(subscription, firstSequence, 'expired');
      const hole = stream.missing();
      if (hole?.from !== gap.from) {
        fruitless = 0;
        continue;
      }
      // What a complete answer lacks is gone; an index that lags has it soon.
      if (complete || ++fruitless > MAX_FRUITLESS) {
        const next = Math.max(gap.from, Math.min(hole.to, (nextSequence ?? Infinity) - 1)) + 1;
        this.#giveUp(subscription, next, complete ? 'expired' : 'unavailable');
      } else await pause(this.#settings, fruitless, session.signal);
    }
    if (!subscription.ended) this.#events.emit('gapFilled', { chatId, from: first.from, to });
  }

  /** Replays everything since a time, numbered or not; the stream drops what it has. */
  async #byId(subscription: ChatSubscription, session: Session, since: number): Promise<void> {
    const { epoch } = subscription;
    let afterMessageId = lowestUlid(since - this.#settings.overlapMs);
    for (let fruitless = 0; !subscription.ended && fruitless <= MAX_FRUITLESS;) {
      const reply = await this.#page(subscription, session, { afterMessageId });
      const { messages, complete, nextMessageId } = reply;
      // The id of the last message we got, not of the next: `afterMessageId` leaves out the message it names.
      const last = nextMessageId && (messages.at(-1)?.messageId ?? nextMessageId);
      subscription.beginBefore(messages, !last);
      this.#take(subscription, reply);
      if (last && last > afterMessageId) {
        afterMessageId = last;
        fruitless = 0;
      } else if (complete) break;
      else await pause(this.#settings, ++fruitless, session.signal);
    }
    if (subscription.epoch === epoch) subscription.unsureSince = undefined;
  }

  #take({ stream }: ChatSubscription, { messages, headSequence }: ReplayFrame): void {
    stream.hear(headSequence ?? 0);
    for (const message of messages) stream.accept(message);
  }

  #giveUp({ stream, chatId }: ChatSubscription, before: number, reason: Truncation['reason']): void {
    const lost = stream.skipTo(before);
    if (lost) this.#events.emit('truncated', { chatId, ...lost, reason });
  }

  /** One page, once a slow reader has room for it. */
  async #page({ chatId, queue }: ChatSubscription, session: Session, range: object): Promise<ReplayFrame> {
    await queue?.room();
    return this.replay(chatId, session, range);
  }

  /** One page. Waits for its turn, and tries again what may succeed later. */
  async replay(chatId: string, session: Session, range: object): Promise<ReplayFrame> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#connection.ask<ReplayFrame>(session, { action: 'replay', chatId, ...range });
        } catch (error) {
          if (session.signal.aborted || (error instanceof ServiceError && !error.transient)) throw error;
          await pause(this.#settings, attempt, session.signal, error);
        }
      }
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
