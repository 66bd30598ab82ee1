import { callListener } from '../emitter.ts';
import type { Client, Message } from '../index.ts';
import { ulidBefore } from '../ulid.ts';
import { type Part, partOf } from './format.ts';
import { Group, type GroupName } from './group.ts';
import { type ReceivedContent, assemble } from './whole.ts';

interface GroupSoFar extends GroupName {
  /** Absent, with the two below, before a part is here, or when another kind of sender wrote it. */
  totalBytes?: number | undefined;
  name?: string | undefined;
  mediaType?: string | undefined;
}

/** How far a group has come. */
export interface ReceiveProgress extends GroupSoFar {
  receivedParts: number;
  receivedBytes: number;
}

/**
 * Why a group gives no content:
 * - `incomplete`: the service waited for `missingParts` in vain
 * - `unavailable`: `missingParts` were sent, but history does not give them any more; `cause` may say why
 * - `corrupt`: the parts do not make what their sender said they would
 * - `too-large`: it takes more than `maxBytes`
 */
export interface ReceiveFailure extends GroupSoFar {
  reason: 'incomplete' | 'unavailable' | 'corrupt' | 'too-large';
  missingParts: number[];
  cause?: unknown;
}

export interface MultiPartHandlers {
  /** A whole is here, checked. Once per group, unless its parts are delivered again long after. */
  onContent: (received: ReceivedContent) => unknown;
  /** A part has come, or was fetched. */
  onProgress?: (progress: ReceiveProgress) => unknown;
  /** A group will give no content. */
  onFailure?: (failure: ReceiveFailure) => unknown;
}

export interface ReceiveMultiPartOptions {
  /** Most bytes of parts held while groups are incomplete, and so of one content. Default: 64 MiB. */
  maxBytes?: number;
  /** Most incomplete groups held. The oldest make room; their parts are fetched when they are complete. Default: 100. */
  maxGroups?: number;
  /** Gives a message from history, frame-like, or nothing. Default: over the socket, with `client.replay`. */
  history?: (chatId: string, messageId: string) => Promise<Message | null | undefined>;
  /** Parts may overtake the message that names them; so many milliseconds it waits for them. Default: 250. */
  gapDelayMs?: number;
}

export interface MultiPartReceiver {
  /**
   * Takes a message of any kind, in any order, however often. True when it belongs to a group and is nothing to show by
   * itself: a part, or what the service says about a group.
   */
  accept(message: Message): boolean;
  /** Forgets everything; no handler is called any more. */
  close(): void;
}

/** Groups that are over and remembered, to drop what comes again. */
const REMEMBERED = 1_000;

/** Requests under way for the missing parts of a group. */
const LANES = 4;

/** Puts parts together again. Hand it every message of the chats it is to watch. */
export function receiveMultiPart(
  client: Pick<Client, 'replay'>,
  handlers: MultiPartHandlers,
  options: ReceiveMultiPartOptions = {},
): MultiPartReceiver {
  return new Receiver(client, handlers, options);
}

class Receiver implements MultiPartReceiver {
  readonly #client: Pick<Client, 'replay'>;
  readonly #handlers: MultiPartHandlers;
  readonly #options: Required<Omit<ReceiveMultiPartOptions, 'history'>> & ReceiveMultiPartOptions;
  /** The oldest first. */
  readonly #groups = new Map<string, Group>();
  readonly #over = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** One group is fetched at a time: it is the one that does not have to make room. */
  #fetching = Promise.resolve();
  #fetched: Group | undefined;
  #closed = false;

  constructor(client: Pick<Client, 'replay'>, handlers: MultiPartHandlers, options: ReceiveMultiPartOptions) {
    this.#client = client;
    this.#handlers = handlers;
    this.#options = { maxBytes: 64 * 2 ** 20, maxGroups: 100, gapDelayMs: 250, ...options };
  }

  accept(message: Message): boolean {
    const { chatId, senderId, eventType } = message;
    const part = partOf(message);
    if (!part && !eventType.startsWith('multipart.')) return false;
    const told = message.content as Announcement;
    const name = part ?? { ...told, chatId, senderId };
    if (this.#closed || this.#over.has(keyOf(name))) return true;
    if (part) this.#onPart(this.#groupOf(name), part);
    // A refusal is for the sender, who knows of it.
    else if (eventType === 'multipart.completed') this.#onCompleted(this.#groupOf(name), told.messageIds);
    else if (eventType === 'multipart.incomplete') this.#fail(this.#groupOf(name), 'incomplete', told);
    return true;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#groups.clear();
  }

  #groupOf(about: GroupName): Group {
    const key = keyOf(about);
    const group = this.#groups.get(key) ?? new Group(about);
    this.#groups.set(key, group);
    return group;
  }

  #onPart(group: Group, part: Part): void {
    if (!group.add(part)) return;
    if (Math.max(part.about?.size ?? 0, group.bytes) > this.#options.maxBytes) return this.#fail(group, 'too-large');
    callListener(this.#handlers.onProgress, {
      ...describe(group),
      receivedParts: group.receivedParts,
      receivedBytes: group.bytes,
    });
    void this.#conclude(group);
    this.#makeRoom();
  }

  #onCompleted(group: Group, messageIds: string[]): void {
    group.name(messageIds);
    void this.#conclude(group);
    if (group.inOrder()) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#fetching = this.#fetching.then(() => this.#fetch(group));
    }, this.#options.gapDelayMs);
    this.#timers.add(timer);
  }

  /** Gives the whole once all parts are here. Parts that nobody has named yet may turn out to be the wrong ones. */
  async #conclude(group: Group): Promise<void> {
    const parts = group.inOrder();
    const { named, first } = group;
    if (!parts || !first) return;
    const received = await assemble(first, parts);
    if (this.#closed || this.#over.has(keyOf(group.about))) return;
    if (received) {
      this.#forget(group);
      callListener(this.#handlers.onContent, received);
    } else if (named) this.#fail(group, 'corrupt');
  }

  #fail(
    group: Group,
    reason: ReceiveFailure['reason'],
    { missingParts = group.missingParts, cause }: Partial<ReceiveFailure> = {},
  ): void {
    const failure = { ...describe(group), reason, missingParts, cause };
    this.#forget(group);
    callListener(this.#handlers.onFailure, failure);
  }

  #forget(group: Group): void {
    const key = keyOf(group.about);
    this.#groups.delete(key);
    this.#over.add(key);
    for (const oldest of this.#over) {
      if (this.#over.size <= REMEMBERED) return;
      this.#over.delete(oldest);
    }
  }

  /** Drops the parts of the oldest groups. What the service has named is fetched, sooner or later; so will be the others. */
  #makeRoom(): void {
    const { maxBytes, maxGroups } = this.#options;
    let bytes = 0;
    for (const group of this.#groups.values()) bytes += group.bytes;
    for (const [key, group] of this.#groups) {
      if (bytes <= maxBytes && this.#groups.size <= maxGroups) return;
      if (group === this.#fetched) continue;
      bytes -= group.bytes;
      group.drop();
      if (!group.named) this.#groups.delete(key);
    }
  }

  async #fetch(group: Group): Promise<void> {
    const over = (): boolean => this.#closed || this.#over.has(keyOf(group.about));
    if (over()) return;
    this.#fetched = group;
    let cause: unknown;
    const missing = group.missingParts.map((number) => group.named?.[number - 1] ?? '').sort();
    const each = Math.ceil(missing.length / LANES);
    const lane = async (messageIds: string[]): Promise<void> => {
      for (const messageId of messageIds) {
        if (over() || cause || !group.lacks(messageId)) continue;
        for (const message of await this.#read(group.about.chatId, messageId)) {
          const part = partOf(message);
          if (part && keyOf(part) === keyOf(group.about) && !over()) this.#onPart(group, part);
        }
      }
    };
    const lanes = [];
    while (missing.length > 0) lanes.push(lane(missing.splice(0, each)).catch((error: unknown) => (cause = error)));
    await Promise.all(lanes);
    this.#fetched = undefined;
    if (over()) return;
    if (!group.inOrder()) this.#fail(group, 'unavailable', { cause });
    else await this.#conclude(group);
  }

  /** The message, if history has it, and maybe some after it. */
  async #read(chatId: string, messageId: string): Promise<Message[]> {
    const { history } = this.#options;
    if (!history) return (await this.#client.replay(chatId, { afterMessageId: ulidBefore(messageId) })).messages;
    const message = await history(chatId, messageId);
    return message ? [message] : [];
  }
}

interface Announcement {
  groupId: string;
  totalParts: number;
  messageIds: string[];
  missingParts: number[];
}

function keyOf({ chatId, senderId, groupId }: Omit<GroupName, 'totalParts'>): string {
  return JSON.stringify([chatId, senderId, groupId]);
}

function describe({ about, first }: Group): GroupSoFar {
  const { size: totalBytes, name, mediaType } = first?.about ?? {};
  return { ...about, totalBytes, name, mediaType };
}
