import type { CatchUp } from './catch-up.ts';
import type { Connection } from './connection.ts';
import { ServiceError, SubscriptionEndedError } from './errors.ts';
import type { Events } from './events.ts';
import type { Settings } from './options.ts';
import { type Frame, type PongFrame, isMessage } from './protocol.ts';
import type { Roster } from './roster.ts';
import type { Session } from './session.ts';

/** What to do with the frames that are not replies, and with what pongs reveal. */
export class Receiver {
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #roster: Roster;
  readonly #catchUp: CatchUp;
  readonly #events: Events;

  constructor(settings: Settings, connection: Connection, roster: Roster, catchUp: CatchUp, events: Events) {
    this.#settings = settings;
    this.#connection = connection;
    this.#roster = roster;
    this.#catchUp = catchUp;
    this.#events = events;
  }

  onFrame(frame: Frame, session: Session): void {
    switch (frame.type) {
      case undefined:
        return this.#onMessage(frame);
      case 'batch':
        return (frame.messages as Frame[]).forEach((message) => this.#onMessage(message));
      case 'token.expiring':
        return this.#connection.renew(session);
      case 'subscription.revoked':
        return this.#onRevoked(String(frame.chatId), String(frame.reason));
      case 'error':
        return this.#events.emit('error', new ServiceError(frame));
      default:
        // With an ackId it answers a request we no longer wait for.
        if (frame.ackId === undefined) this.#events.emit('unknown', frame);
    }
  }

  /** `sentAt`: our clock when the ping went out. */
  onPong({ heads = {}, notSubscribed = [] }: PongFrame, session: Session, sentAt: number): void {
    for (const chatId in heads) {
      const subscription = this.#roster.wanted.get(chatId);
      if (!subscription || session.live.get(chatId) !== subscription) continue;
      subscription.confirmedAt = sentAt;
      subscription.stream.hear(heads[chatId] ?? 0);
      // The message may be on its way: a head moves before its message is delivered.
      this.#catchUp.notice(subscription, this.#settings.gapDelayMs);
    }
    for (const chatId of notSubscribed) session.live.delete(chatId);
    if (notSubscribed.length > 0) void this.#roster.reconcile(session);
  }

  #onMessage(message: Frame): void {
    if (!isMessage(message)) {
      // API Gateway's own failures: no type, no ackId, so only a timeout tells whose request has failed.
      const error = new ServiceError({ error: message.message ?? 'Unreadable message', statusCode: 500 });
      return this.#events.emit('error', error);
    }
    const subscription = this.#roster.wanted.get(message.chatId);
    if (!subscription) return this.#events.emit('message', message);
    subscription.stream.accept(message);
    this.#catchUp.notice(subscription, this.#settings.gapDelayMs);
  }

  #onRevoked(chatId: string, reason: string): void {
    const subscription = this.#roster.wanted.get(chatId);
    for (const { live } of this.#connection.openSessions()) live.delete(chatId);
    this.#events.emit('revoked', { chatId, reason });
    if (subscription) this.#roster.remove(subscription, new SubscriptionEndedError(chatId, 'revoked', reason));
  }
}
