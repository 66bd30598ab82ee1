import { MAX_PARTS, type Part } from './format.ts';

/** A group, and how many parts it has as far as one knows. Two senders who choose the same name have two groups. */
export type GroupName = Pick<Part, 'chatId' | 'groupId' | 'senderId' | 'totalParts'>;

/** The parts of one group that are here, and which of them make the whole. */
export class Group {
  readonly about: GroupName;
  /** Bytes of the parts that are held. */
  bytes = 0;
  /** The parts' ids in their order, once the service has named them. */
  named: string[] | undefined;
  readonly #parts = new Map<string, Part>();
  readonly #byNumber = new Map<number, Part>();
  /** Two parts claim one number: only the service can say which one stands. */
  #contested = false;

  constructor({ chatId, groupId, senderId, totalParts }: GroupName) {
    this.about = { chatId, groupId, senderId, totalParts };
  }

  /** Takes a part; false when it is here already, or belongs to another whole. */
  add(part: Part): boolean {
    const { messageId, partNumber, totalParts, bytes } = part;
    if (totalParts !== this.about.totalParts || !(partNumber >= 1 && partNumber <= Math.min(totalParts, MAX_PARTS)))
      return false;
    if (this.#parts.has(messageId) || (this.named && this.named[partNumber - 1] !== messageId)) return false;
    this.#contested ||= this.#byNumber.has(partNumber);
    this.#parts.set(messageId, part);
    this.#byNumber.set(partNumber, part);
    this.bytes += bytes.length;
    return true;
  }

  /** The service has named the parts: others are dropped. */
  name(messageIds: string[]): void {
    this.named = messageIds;
    this.about.totalParts = messageIds.length;
    const held = [...this.#parts.values()];
    this.drop();
    for (const part of held) this.add(part);
  }

  /** Forgets the parts. */
  drop(): void {
    this.#parts.clear();
    this.#byNumber.clear();
    this.#contested = false;
    this.bytes = 0;
  }

  get receivedParts(): number {
    return this.#byNumber.size;
  }

  lacks(messageId: string): boolean {
    return !this.#parts.has(messageId);
  }

  /** Any of the parts. */
  get some(): Part | undefined {
    return this.#byNumber.values().next().value;
  }

  get missingParts(): number[] {
    return Array.from({ length: this.about.totalParts }, (_none, index) => index + 1).filter(
      (number) => !this.#byNumber.has(number),
    );
  }

  /** The parts in order; undefined while one is missing, or it is not known which one stands. */
  inOrder(): Part[] | undefined {
    if (this.#contested || this.#byNumber.size < this.about.totalParts) return undefined;
    return [...this.#byNumber.values()].sort((one, other) => one.partNumber - other.partNumber);
  }
}
