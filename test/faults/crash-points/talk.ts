import { monotonicFactory } from 'ulid';
import type { Message } from '../../../client/index.ts';
import type { Row } from '../../setup/outside.ts';
import { envelopeOf } from '../../setup/outside.ts';
import type { QueueRecord } from '../../integration/model/queues.ts';
import type { Crowd } from './crowd.ts';
import type { World } from './scenario.ts';

/** How messages of a talk travel. */
export type Manner = 'standard' | 'fifo' | 'numbered';

/** Ids that rise within a millisecond, too, as clients make them: whoever comes back reads history in the order of ids. */
const nextId = monotonicFactory();

/** What bob says in a trial's chat, in this order, and what everybody must have of it in the end. */
export class Talk {
  readonly chatId: string;
  readonly manner: Manner;
  readonly messageIds: string[];
  readonly #world: World;
  readonly #crowd: Crowd;

  constructor(world: World, crowd: Crowd, chatId: string, manner: Manner, count: number) {
    this.#world = world;
    this.#crowd = crowd;
    this.chatId = chatId;
    this.manner = manner;
    this.messageIds = Array.from({ length: count }, () => nextId());
  }

  /** As the topics give them to the queues. */
  records(): QueueRecord[] {
    return this.messageIds.map((messageId, index) => ({
      lane: this.manner === 'standard' ? 'Standard' : 'Fifo',
      groupId: this.chatId,
      body: envelopeOf(
        this.#world.api.userId('bob'),
        { chatId: this.chatId, content: index },
        {
          messageId,
          ...(this.manner === 'numbered' && { generateSequence: true as const }),
        },
      ),
    }));
  }

  /** Puts it into history behind the processor's back, with numbers. */
  async store(): Promise<void> {
    const { tables, api } = this.#world;
    await storeNumbered({ tables, api }, this.chatId, this.messageIds);
  }

  /** Everyone has everything, as far as they heard. */
  isHeard(): boolean {
    return this.#crowd.listeners.every(
      (app) => new Set(app.heard(this.chatId).map(({ messageId }) => messageId)).size >= this.messageIds.length,
    );
  }

  /** Every message is in history once, numbers have no hole, and whoever may listen has what history has. */
  async breaches(): Promise<string[]> {
    if (!this.isHeard()) return this.heardBreaches();
    const rows = await this.#world.stage.outside.history(this.chatId);
    const head = await headOf(this.#world, this.chatId);
    return [
      ...numberBreaches(rows, head),
      ...(this.manner !== 'numbered' && head !== 0 ? [`the head is ${head}`] : []),
      ...this.#differences('history', [rows as Message[]], this.manner === 'numbered'),
      ...this.heardBreaches(),
    ];
  }

  /** Whoever may listen has what was said, and nobody else has anything. */
  heardBreaches(): string[] {
    const heard = this.#crowd.listeners.map((app) => app.heard(this.chatId));
    return [...this.#differences('heard', heard), ...this.#crowd.breaches(this.chatId)];
  }

  #differences(what: string, all: readonly (readonly Message[])[], ordered = this.manner !== 'standard'): string[] {
    return all.flatMap((messages) => {
      const ids = messages.map(({ messageId }) => messageId);
      const same = ordered
        ? ids.join() === this.messageIds.join()
        : ids.toSorted().join() === this.messageIds.toSorted().join();
      return same ? [] : [`${what}: ${describe(messages)} where ${this.messageIds.join(' ')} were said`];
    });
  }
}

/** Gives a chat numbered messages of bob's, as if they had been committed. */
export async function storeNumbered(
  { tables, api }: Pick<World, 'tables' | 'api'>,
  chatId: string,
  messageIds: readonly string[],
): Promise<void> {
  const now = Date.now();
  await tables.put('Chats', { chatId, sequence: messageIds.length });
  await tables.fill(
    'Messages',
    messageIds.map((messageId, content) => ({
      chatId,
      messageId,
      senderId: api.userId('bob'),
      eventType: 'chat',
      messageType: 'fifo',
      payload: JSON.stringify({ chatId, eventType: 'chat', content }),
      publishTimestamp: new Date(now).toISOString(),
      sequence: content + 1,
      expiresAt: Math.floor(now / 1000) + 3_600,
    })),
  );
}

/** Numbers in history are 1, 2, and so on up to the head. */
export function numberBreaches(rows: readonly Row[], head: number): string[] {
  const numbers = rows.flatMap(({ sequence }) => (sequence === undefined ? [] : [Number(sequence)]));
  const contiguous = numbers.every((number, index) => number === index + 1);
  return contiguous && head === numbers.length
    ? []
    : [`numbers in history are [${numbers.join(' ')}], the head is ${head}`];
}

export async function headOf({ tables }: World, chatId: string): Promise<number> {
  const [chat] = await tables.rows('Chats', 'chatId', chatId);
  return Number(chat?.['sequence'] ?? 0);
}

function describe(messages: readonly Message[]): string {
  return `[${messages.map(({ messageId, sequence }) => (sequence === undefined ? messageId : `${sequence}:${messageId}`)).join(' ')}]`;
}
