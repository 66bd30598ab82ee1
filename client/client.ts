import { CatchUp } from './catch-up.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { Emitter } from './emitter.ts';
import { NotificationError } from './errors.ts';
import type { ClientEvents } from './events.ts';
import { type ClientOptions, settingsFrom } from './options.ts';
import { type OutgoingMessage, Outbox, type SendOptions } from './outbox.ts';
import { CHAT_ID, type Message, type ReplayFrame, type ReplayRange, type SendReply } from './protocol.ts';
import { Receiver } from './receiver.ts';
import { Roster } from './roster.ts';
import {
  ChatSubscription,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandlers,
  type SubscriptionOwner,
} from './subscription.ts';

/** A live connection to the notification service, over any number of sockets. */
export interface Client {
  readonly state: ConnectionState;
  /**
   * Starts; from then on the client keeps itself connected. Resolves when connected for the first time. Rejects with the
   * ConnectionRefusedError when the service refuses two tokens in a row, or with `closed`.
   */
  connect(): Promise<void>;
  /** Ends subscriptions, rejects what waits, closes the socket; resolves when it is closed. connect() starts anew. */
  close(): Promise<void>;
  /**
   * Delivers a chat's messages: those with a `sequence` in order and without gaps, the others as they come; each once.
   * To a handler, or, without `onMessage`, to a `for await` loop. One subscription per chat; it may precede connect().
   */
  subscribe(
    chatId: string,
    handlers?: SubscriptionHandlers | ((message: Message) => unknown),
    options?: SubscribeOptions,
  ): Subscription;
  unsubscribe(chatId: string): void;
  /**
   * Publishes a message; resolves with the service's reply. Tries again, with the same id, over lost connections, silence,
   * 429 and 5xx until the deadline; then rejects with SendTimeoutError. Rejects with ServiceError for any other refusal and
   * with `too-large` above 30 KB.
   */
  send(message: OutgoingMessage, options?: SendOptions): Promise<SendReply>;
  /**
   * One page of a chat's history, as the service gives it (docs/protocol.md, `replay`); the chat need not be subscribed.
   * Tries again what may succeed later, over any number of sockets. Rejects with ServiceError, such as 403, or `closed`.
   */
  replay(chatId: string, range: ReplayRange): Promise<ReplayFrame>;
  /** Sends a frame that the service does not answer, if there is a socket to send it over. */
  tell(frame: object): void;
  /** A time of this machine's clock (default: now) in the service's, as the last pong told it; both epoch milliseconds. */
  serverTime(time?: number): number;
  /** Listens to an event; the function it returns stops that. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => unknown): () => void;
  /** Reconnects, or checks the socket, now instead of later; for when an app comes to the foreground. `online` events do so by themselves. */
  wake(): void;
}

/** Makes a client. It does nothing until connect(). */
export function createClient(options: ClientOptions): Client {
  const settings = settingsFrom(options);
  const events = new Emitter<ClientEvents>();
  const connection: Connection = new Connection(settings, events, {
    onSession: (session) => roster.reconcile(session),
    onFrame: (frame, session) => receiver.onFrame(frame, session),
    positions: (session) => roster.positions(session),
    onPong: (pong, session, sentAt) => receiver.onPong(pong, session, sentAt),
    onClosed: (error) => {
      outbox.close(error);
      // Our own close is an ordinary end: the reader's loop is over, without an error.
      const reason = error.code === 'closed' ? undefined : error;
      for (const subscription of [...roster.wanted.values()]) roster.remove(subscription, reason);
    },
  });
  const catchUp = new CatchUp(settings, connection, events);
  const roster = new Roster(settings, connection, catchUp, events);
  const receiver = new Receiver(settings, connection, roster, catchUp, events);
  const outbox = new Outbox(settings, connection);
  const owner: SubscriptionOwner = {
    limits: { held: settings.heldMessages, remembered: settings.rememberedIds },
    serverTime: connection.serverTime,
    remove: (subscription, error) => roster.remove(subscription, error),
    events,
  };

  return {
    get state() {
      return connection.state;
    },
    connect: () => connection.connect(),
    close: () => connection.close(new NotificationError('closed', 'The client was closed')),
    subscribe(chatId, handlers = {}, subscribeOptions = {}) {
      if (!CHAT_ID.test(chatId)) throw new NotificationError('invalid', `Not a chat id: ${chatId}`);
      if (roster.wanted.has(chatId)) throw new NotificationError('invalid', `Already subscribed: ${chatId}`);
      const all = typeof handlers === 'function' ? { onMessage: handlers } : handlers;
      const subscription = new ChatSubscription(owner, chatId, all, subscribeOptions);
      roster.add(subscription);
      return subscription;
    },
    unsubscribe: (chatId) => roster.wanted.get(chatId)?.unsubscribe(),
    send: (message, sendOptions = {}) => outbox.send(message, sendOptions),
    async replay(chatId, range) {
      for (;;) {
        const session = await connection.whenConnected();
        try {
          return await catchUp.replay(chatId, session, range);
        } catch (error) {
          // The session is gone, not the wish.
          if (!session.signal.aborted) throw error;
        }
      }
    },
    tell: (frame) => connection.openSessions().at(-1)?.tell(frame),
    serverTime: connection.serverTime,
    on: (name, listener) => events.on(name, listener),
    wake: connection.wake,
  };
}
