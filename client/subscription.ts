import { ChatStream, type Range, type StreamLimits } from './chat-stream.ts';
import { type Deferred, deferred } from './clock.ts';
import { callListener } from './emitter.ts';
import { SubscriptionEndedError } from './errors.ts';
import type { Events } from './events.ts';
import { MAX_WAITING, MessageQueue } from './message-queue.ts';
import type { Message } from './protocol.ts';
import { lowestUlid, ulidTime } from './ulid.ts';

/**
 * A place in a chat. `sequence`: the last number handled, exact. `messageId`: everything older than this id (a ULID) was
 * handled; resuming by it goes back a minute further, so messages of that minute may come again.
 */
export interface Position {
  sequence?: number;
  messageId?: string;
}

export interface SubscriptionHandlers {
  /** Called in order; what it returns is not waited for. Without it, read the subscription with `for await`. */
  onMessage?: (message: Message) => unknown;
  /** The subscription is over; `error` says why, unless you ended it. */
  onEnd?: (error: Error | undefined) => unknown;
}

export interface SubscribeOptions {
  /** Where to start: a last sequence number (0: from the beginning) or a position. Default: from now on. */
  from?: number | Position | undefined;
  /** Promise that every message of this chat has a `sequence`: resuming then skips the replay by message id. */
  sequencedOnly?: boolean;
}

/** One chat's messages, to hold on to. */
export interface Subscription extends AsyncIterable<Message> {
  readonly chatId: string;
  /** Resolves when the service has subscribed us for the first time; from then on nothing is missed. Rejects when it refuses. */
  readonly ready: Promise<{ headSequence: number }>;
  /** Where we are; save it to go on from there with `from`. */
  readonly position: Position;
  /** Ends the subscription; nothing is delivered after. */
  unsubscribe(): void;
}

export interface SubscriptionOwner {
  limits: StreamLimits;
  /** A time of our clock in the service's; both epoch milliseconds. */
  serverTime(time: number): number;
  remove(subscription: ChatSubscription, error?: Error): void;
  events: Events;
}

/** A subscription as the library handles it. */
export class ChatSubscription implements Subscription {
  readonly chatId: string;
  readonly sequencedOnly: boolean;
  readonly stream: ChatStream;
  readonly queue: MessageQueue | undefined;
  /** When (our clock) we last asked what showed that the service still delivers this chat to us. */
  confirmedAt: number | undefined;
  /** Counts how often the service has subscribed us: what was asked in an earlier one proves nothing for this one. */
  epoch = 0;
  /** Epoch milliseconds (the service's) from which unsequenced messages may be missing. */
  unsureSince: number | undefined;
  /** True while replays are under way. */
  catchingUp = false;
  /** Something may have gone missing since the replays under way began. */
  catchUpAgain = false;
  ended = false;
  #headAtStart = 0;
  readonly #owner: SubscriptionOwner;
  readonly #handlers: SubscriptionHandlers;
  readonly #ready: Deferred<{ headSequence: number }> = deferred();

  constructor(owner: SubscriptionOwner, chatId: string, handlers: SubscriptionHandlers, options: SubscribeOptions) {
    const { from, sequencedOnly = false } = options;
    const { sequence, messageId }: Position = typeof from === 'number' ? { sequence: from } : (from ?? {});
    this.chatId = chatId;
    this.sequencedOnly = sequencedOnly;
    this.#owner = owner;
    this.#handlers = handlers;
    this.stream = new ChatStream((message) => this.#deliver(message), owner.limits, sequence);
    if (messageId !== undefined) this.unsureSince = ulidTime(messageId);
    // Made here, not by the loop: what comes before the loop begins must not be lost.
    if (!handlers.onMessage) this.queue = new MessageQueue(() => this.unsubscribe());
  }

  get ready(): Promise<{ headSequence: number }> {
    return this.#ready.promise;
  }

  get position(): Position {
    const { last } = this.stream;
    // What a replay has not brought yet would be missed for good by whoever goes on from a later time.
    const since = this.unsureSince ?? (this.confirmedAt && this.#owner.serverTime(this.confirmedAt));
    return {
      ...(last !== undefined && { sequence: last }),
      ...(since !== undefined && { messageId: lowestUlid(since) }),
    };
  }

  unsubscribe(): void {
    this.#owner.remove(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    if (!this.queue) throw new TypeError('A subscription with onMessage has nothing to iterate over');
    return this.queue;
  }

  /**
   * The service has subscribed us. Everything after `head` comes live; what is missing up to it has to be replayed.
   * `lastWhenAsked`: the position when we asked, `askedAt`: our clock then. Returns what a chat numbered anew lost.
   */
  subscribed(head: number, askedAt: number, lastWhenAsked?: number): Range | undefined {
    const { stream } = this;
    let lost: Range | undefined;
    if (this.epoch++ === 0) {
      this.#headAtStart = head;
      // A start by message id alone finds its number in the replay.
      if (stream.last === undefined && this.unsureSince === undefined) stream.begin(head);
    } else if (!this.sequencedOnly && this.confirmedAt !== undefined) {
      this.unsureSince = Math.min(this.unsureSince ?? Infinity, this.#owner.serverTime(this.confirmedAt));
    }
    if (lastWhenAsked !== undefined && head < lastWhenAsked) {
      lost = { from: head + 1, to: lastWhenAsked };
      stream.restart(head);
    }
    stream.hear(head);
    this.confirmedAt = askedAt;
    this.#ready.resolve({ headSequence: head });
    return lost;
  }

  /** Before the first numbered messages of a replay by id are taken: they say where numbers start. `isLast`: no page follows. */
  beginBefore(messages: Message[], isLast: boolean): void {
    const numbers = messages.flatMap(({ sequence }) => sequence ?? []);
    if (this.stream.last !== undefined || (numbers.length === 0 && !isLast)) return;
    this.stream.begin(Math.min(this.#headAtStart, ...numbers.map((number) => number - 1)));
  }

  /** Ends it, once; the owner calls this after forgetting it. */
  end(error?: Error): void {
    if (this.ended) return;
    this.ended = true;
    this.#ready.reject(error ?? new SubscriptionEndedError(this.chatId, 'unsubscribed', 'ended before it was ready'));
    this.queue?.end(error);
    callListener(this.#handlers.onEnd, error);
  }

  #deliver(message: Message): void {
    if (this.ended) return;
    this.#owner.events.emit('delivered', message);
    if (!this.queue) return callListener(this.#handlers.onMessage, message);
    this.queue.push(message);
    if (this.queue.size <= MAX_WAITING) return;
    this.#owner.remove(this, new SubscriptionEndedError(this.chatId, 'slow-reader', `${MAX_WAITING} messages wait`));
  }
}
