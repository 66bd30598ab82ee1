import { MAX_PARTS, type Part } from './format.ts';

/** A group, and how many parts it has as far as one knows. Two senders who choose the same name have two groups. */
export type GroupName = Pick<Part, 'chatId' | 'groupId' | 'senderId' | 'totalParts'>;

/** What is held of each part. */
export type HeldPart = Pick<Part, 'messageId' | 'partNumber' | 'bytes'>;

/** The parts of one group that are here, and which of them make the whole. */
export class Group {
  readonly about: GroupName;
  /** Bytes of the parts that are held. */
  bytes = 0;
  /** The one that came first: what parts say of the whole is held once. */
  first: Part | undefined;
  /** The parts' ids in their order, once the service has named them. */
  named: string[] | undefined;
  readonly #parts = new Map<string, HeldPart>();
  readonly #byNumber = new Map<number, HeldPart>();

  constructor({ chatId, groupId, senderId, totalParts }: GroupName) {
    this.about = { chatId, groupId, senderId, totalParts };
  }

  /** Takes a part; false when it is here already, or belongs to another whole. */
  add(part: Part): boolean {
    const { messageId, partNumber, totalParts, bytes } = part;
    const { about, named } = this;
    if (totalParts !== about.totalParts || !(partNumber >= 1 && partNumber <= Math.min(totalParts, MAX_PARTS)))
      return false;
    if (!this.lacks(messageId) || (named && named[partNumber - 1] !== messageId)) return false;
    const held = { messageId, partNumber, bytes };
    this.first ??= part;
    this.#parts.set(messageId, held);
    this.#byNumber.set(partNumber, held);
    this.bytes += bytes.length;
    return true;
  }

  /** The service has named the parts: others are dropped, and with the first what it said of the whole. */
  name(messageIds: string[]): void {
    const { first } = this;
    const held = [...this.#parts.values()];
    this.drop();
    this.named = messageIds;
    this.about.totalParts = messageIds.length;
    if (first && messageIds.includes(first.messageId)) for (const part of held) this.add({ ...first, ...part });
  }

  /** Forgets the parts. */
  drop(): void {
    this.#parts.clear();
    this.#byNumber.clear();
    this.first = undefined;
    this.bytes = 0;
  }

  lacks(messageId: string): boolean {
    return !this.#parts.has(messageId);
  }

  get receivedParts(): number {
    return this.#byNumber.size;
  }

  get missingParts(): number[] {
    return Array.from({ length: this.about.totalParts }, (_none, index) => index + 1).filter(
      (number) => !this.#byNumber.has(number),
    );
  }

  /** The parts in order; undefined while one is missing, or it is not known which one stands. */
  inOrder(): HeldPart[] | undefined {
    // More parts than numbers: only the service can say which of two stands.
    if (this.#parts.size > this.#byNumber.size || this.#byNumber.size < this.about.totalParts) return undefined;
    return [...this.#byNumber.values()].sort((one, other) => one.partNumber - other.partNumber);
  }
}
