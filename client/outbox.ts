import { pause } from './backoff.ts';
import { abortable, after } from './clock.ts';
import type { Connection } from './connection.ts';
import { NotificationError, SendTimeoutError, ServiceError } from './errors.ts';
import { write } from './frame.ts';
import type { Settings } from './options.ts';
import { MAX_FRAME_BYTES, type SendReply } from './protocol.ts';
import { ulidMaker } from './ulid.ts';

/** A message to send. Other fields go to the recipients as they are, as part of the payload. */
export interface OutgoingMessage {
  chatId: string;
  eventType: string;
  /** Any JSON value. */
  content: unknown;
  /** Further payload fields, such as `customSequence`. */
  fields?: Record<string, unknown>;
  /** `fifo`: delivered in order; our own FIFO messages to one chat and group also leave one at a time. Default: `standard`. */
  messageType?: 'fifo' | 'standard';
  /** Orders FIFO messages within this group only. */
  messageGroupId?: string;
  /** Have the service number the message: recipients then get it in order, with gaps filled. Makes it `fifo`. */
  generateSequence?: boolean;
  /** Default `WebSocket`. */
  targetChannel?: string;
  /** To try an earlier send again: its id. At most 24 hours old. Default: a new ULID. */
  messageId?: string;
}

export interface SendOptions {
  /** Milliseconds to keep trying. Default: the client's `sendDeadlineMs`. */
  deadlineMs?: number;
  /** Stops trying; the send rejects with its reason. */
  signal?: AbortSignal;
}

/** Sends messages, each until it is answered: the same bytes with the same id, over any number of sockets. */
export class Outbox {
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #open = new Set<AbortController>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #newId: (time: number) => string;

  constructor(settings: Settings, connection: Connection) {
    this.#settings = settings;
    this.#connection = connection;
    this.#newId = ulidMaker(settings.random);
  }

  /** See Client.send. */
  async send(message: OutgoingMessage, { deadlineMs, signal }: SendOptions): Promise<SendReply> {
    const { clock, sendDeadlineMs } = this.#settings;
    // Written now: were the caller to change the object between two attempts, they would be two messages with one id.
    const { text, bytes } = write(message);
    if (bytes > MAX_FRAME_BYTES) {
      throw new NotificationError(
        'too-large',
        `The message takes ${bytes} bytes of at most ${MAX_FRAME_BYTES}: send it in parts, with sendMultiPart`,
      );
    }
    const sending = { text, messageId: message.messageId, attempts: 0, error: undefined as unknown };
    const life = new AbortController();
    const cancel = after(clock, deadlineMs ?? sendDeadlineMs, () =>
      life.abort(new SendTimeoutError(sending.messageId ?? '', sending.attempts, sending.error)),
    );
    const stop = (): void => life.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    this.#open.add(life);
    try {
      return await this.#inTurn(message, (turn) => this.#deliver(sending, turn, life.signal));
    } finally {
      cancel();
      signal?.removeEventListener('abort', stop);
      this.#open.delete(life);
    }
  }

  /** Rejects every send under way. */
  close(error: NotificationError): void {
    for (const life of this.#open) life.abort(error);
  }

  /**
   * Gives ordered messages their turn: the service handles one socket's requests concurrently, so only a sender that
   * awaits each reply keeps its own order.
   */
  #inTurn<T>(message: OutgoingMessage, task: (turn: Promise<unknown>) => Promise<T>): Promise<T> {
    const { chatId, messageType, messageGroupId, generateSequence } = message;
    if (messageType !== 'fifo' && !generateSequence) return task(Promise.resolve());
    const order = JSON.stringify([chatId, generateSequence ? null : messageGroupId]);
    const turn = this.#queues.get(order) ?? Promise.resolve();
    const work = task(turn);
    // Both: a send that was given up before its turn must not let the next one overtake.
    const next = Promise.allSettled([turn, work]).then(() => {
      if (this.#queues.get(order) === next) this.#queues.delete(order);
    });
    this.#queues.set(order, next);
    return work;
  }

  async #deliver(
    sending: { text: string; messageId: string | undefined; attempts: number; error: unknown },
    turn: Promise<unknown>,
    signal: AbortSignal,
  ): Promise<SendReply> {
    const connection = this.#connection;
    await abortable(Promise.all([turn, connection.whenConnected()]), signal);
    // The id's time is the service's, known once connected: a clock that is off gives ids that are refused or missorted.
    const messageId = (sending.messageId ??= this.#newId(connection.serverTime()));
    const frame = `{"messageId":${JSON.stringify(messageId)},${sending.text.slice(1)}`;
    for (;;) {
      try {
        const session = await abortable(connection.whenConnected(), signal);
        sending.attempts++;
        return await abortable(connection.ask<SendReply>(session, frame), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ServiceError && !error.transient) throw error;
        sending.error = error;
        if (error instanceof NotificationError && error.code === 'timeout') connection.check();
        await pause(this.#settings, sending.attempts, signal, error);
      }
    }
  }
}
