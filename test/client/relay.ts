import type { Frame, Message } from '../../client/protocol.ts';
import { type Request, type ServiceDouble } from './service-double.ts';

/** Who the double's clients are when they send. */
export const SENDER = 'user-ada';

export interface Group {
  totalParts: number;
  /** By part number, as the service took them. */
  messageIds: Map<number, string>;
}

/**
 * Has a double do what the service does with a message it has taken: writes it into history and delivers it to every
 * subscriber. With parts it keeps the groups as docs/protocol.md says, and announces the end of each.
 */
export class Relay {
  readonly groups = new Map<string, Group>();
  /** Announce that a group is complete. */
  announces = true;
  /** Which messages get lost between history and the subscribers. */
  loses: (message: Message) => boolean = () => false;
  readonly #service: ServiceDouble;

  constructor(service: ServiceDouble) {
    this.#service = service;
    service.intercept('sendMessage', (request, usual) => this.#take(request) ?? usual());
  }

  /** Parts of a chat in history, in the order of their numbers. */
  partsOf(chatId: string): Message[] {
    const number = ({ multiPartMetadata }: Message): number => multiPartMetadata?.partNumber ?? 0;
    return this.#service
      .chat(chatId)
      .history.filter((message) => message.multiPartMetadata)
      .sort((one, other) => number(one) - number(other));
  }

  /** Says how a group ended: to history, and to subscribers. */
  announce(chatId: string, eventType: 'multipart.completed' | 'multipart.incomplete', content: object): Message {
    const message = { ...this.#service.commit(chatId, { sequenced: false }), eventType, content, senderId: SENDER };
    this.#store(message);
    return message;
  }

  #take({ payload, messageId }: Request): Frame | undefined {
    const { chatId, multiPartMetadata, ...fields } = payload as unknown as Message;
    if (this.#service.chat(chatId).history.some((message) => message.messageId === messageId)) return undefined;
    const group = multiPartMetadata && this.#groupOf(chatId, multiPartMetadata);
    if (
      group &&
      (group.messageIds.has(multiPartMetadata.partNumber) || group.totalParts !== multiPartMetadata.totalParts)
    ) {
      return { type: 'error', statusCode: 409, error: 'Conflict: payload.multiPartMetadata is taken' };
    }
    const committed = this.#service.commit(chatId, { sequenced: false });
    this.#store({
      ...committed,
      ...fields,
      chatId,
      multiPartMetadata,
      messageId: messageId as string,
      senderId: SENDER,
    });
    if (!group) return undefined;
    group.messageIds.set(multiPartMetadata.partNumber, messageId as string);
    if (this.announces && group.messageIds.size === group.totalParts) {
      const { groupId, totalParts } = multiPartMetadata;
      this.announce(chatId, 'multipart.completed', { groupId, totalParts, messageIds: inOrder(group) });
    }
    return undefined;
  }

  #groupOf(chatId: string, { groupId, totalParts }: { groupId: string; totalParts: number }): Group {
    const key = `${chatId}#${groupId}`;
    const group = this.groups.get(key) ?? { totalParts, messageIds: new Map<number, string>() };
    this.groups.set(key, group);
    return group;
  }

  /** In the place of what was committed last. */
  #store(message: Message): void {
    this.#service.chat(message.chatId).history.splice(-1, 1, message);
    if (!this.loses(message)) this.#service.post(message);
  }
}

/** The ids of a group's parts, in the order of their numbers. */
export function inOrder({ messageIds }: Group): string[] {
  return [...messageIds].sort(([one], [other]) => one - other).map(([, messageId]) => messageId);
}
