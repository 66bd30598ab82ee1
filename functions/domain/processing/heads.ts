/**
 * The last number of each chat, as this warm function last saw it. It may be behind: a commit that finds so learns the
 * real one from the refusal.
 */
export class Heads {
  readonly #heads = new Map<string, number>();
  readonly #most: number;

  /** @param most how many chats to remember; the one not used for longest is forgotten first. */
  constructor(most = 10_000) {
    this.#most = most;
  }

  /** The head of a chat; 0, a chat without numbered messages, for one that is not known. */
  get(chatId: string): number {
    return this.#heads.get(chatId) ?? 0;
  }

  /** Whether this function has seen the chat's head. */
  knows(chatId: string): boolean {
    return this.#heads.has(chatId);
  }

  set(chatId: string, head: number): void {
    this.#heads.delete(chatId);
    this.#heads.set(chatId, head);
    if (this.#heads.size <= this.#most) return;
    const [oldest] = this.#heads.keys();
    if (oldest !== undefined) this.#heads.delete(oldest);
  }
}
