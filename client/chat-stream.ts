import type { Message } from './protocol.ts';

/** An inclusive range of sequence numbers. */
export interface Range {
  from: number;
  to: number;
}

export interface StreamLimits {
  /** Most messages held back while an earlier one is missing. */
  held: number;
  /** Most ids of unsequenced messages remembered to drop their repeats. */
  remembered: number;
}

/**
 * The order of one chat, as a pure state machine. Messages with a number leave in order, each once; one that comes early
 * waits. Messages without a number leave as they come, each id once. What is missing is told by `missing()`; whoever
 * fills it hands the messages to `accept` like any others.
 *
 * Memory is bounded: an early message beyond `held` is dropped, and is simply missing until replay brings it.
 */
export class ChatStream {
  #next: number | undefined;
  #head = 0;
  readonly #held = new Map<number, Message>();
  readonly #seen = new Set<string>();
  readonly #deliver: (message: Message) => void;
  readonly #limits: StreamLimits;

  /** `last`: the number after which delivery starts; without it, `begin` says so later and numbered messages wait. */
  constructor(deliver: (message: Message) => void, limits: StreamLimits, last?: number) {
    this.#deliver = deliver;
    this.#limits = limits;
    if (last !== undefined) this.#next = last + 1;
  }

  /** The last number delivered (or skipped); undefined before the stream knows where it starts. */
  get last(): number | undefined {
    return this.#next === undefined ? undefined : this.#next - 1;
  }

  /** Starts after `last`: held messages up to it are dropped, later ones keep their place. */
  begin(last: number): void {
    this.#next = last + 1;
    this.hear(last);
    for (const sequence of this.#held.keys()) if (sequence <= last) this.#held.delete(sequence);
    this.#drain();
  }

  /** Starts again after `last`, lower than before: the chat's numbering itself went back, so what is held means nothing. */
  restart(last: number): void {
    this.#held.clear();
    this.#head = last;
    this.#next = last + 1;
  }

  /** Takes a message, live or replayed. */
  accept(message: Message): void {
    const { sequence, messageId } = message;
    if (sequence === undefined) {
      if (this.#seen.has(messageId)) return;
      this.#seen.add(messageId);
      if (this.#seen.size > this.#limits.remembered) {
        for (const oldest of this.#seen) {
          this.#seen.delete(oldest);
          break;
        }
      }
      this.#deliver(message);
      return;
    }
    this.hear(sequence);
    if (this.#next !== undefined && sequence < this.#next) return;
    if (sequence === this.#next || this.#held.size < this.#limits.held) this.#held.set(sequence, message);
    this.#drain();
  }

  /** The chat's head is at least `head`. */
  hear(head: number): void {
    this.#head = Math.max(this.#head, head);
  }

  /** The first run of numbers known to exist and not here; undefined when there is none. */
  missing(): Range | undefined {
    if (this.#next === undefined || this.#head < this.#next) return undefined;
    return { from: this.#next, to: Math.min(this.#head + 1, ...this.#held.keys()) - 1 };
  }

  /**
   * Gives up on everything before `sequence` that is not here, delivers what is, and goes on from there.
   * Returns what was lost (its first and last number), or undefined.
   */
  skipTo(sequence: number): Range | undefined {
    let lost: Range | undefined;
    for (;;) {
      const hole = this.missing();
      if (!hole || hole.from >= sequence) return lost;
      const to = Math.min(hole.to, sequence - 1);
      lost = { from: lost?.from ?? hole.from, to };
      this.#next = to + 1;
      this.#drain();
    }
  }

  #drain(): void {
    if (this.#next === undefined) return;
    for (let message; (message = this.#held.get(this.#next));) {
      this.#held.delete(this.#next);
      // Moved on before the listener runs: it may look at the position, or end the subscription.
      this.#next++;
      this.#deliver(message);
    }
  }
}
