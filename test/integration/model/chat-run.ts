import { ulid } from 'ulid';
import type { ClientOptions } from '../../../client/index.ts';
import type { EdgeControl } from '../../setup/edge-control.ts';
import type { Outside, RawMessage, Row } from '../../setup/outside.ts';
import { until } from '../../setup/until.ts';
import type { Api, Page } from '../graphql/api.ts';
import { breachesOf, type Said } from './breaches.ts';
import { Listener, sendDeadlineMs } from './listener.ts';
import type { QueueRecord, Queues } from './queues.ts';

/** How a message travels: in the chat's one order of numbers, in order within one of several groups, or in none. */
export type Kind = 'numbered' | 'group-1' | 'group-2' | 'standard';

export type World = { api: Api; edge: EdgeControl; outside: Outside; queues: Queues };

/** Those who listen, and send over their sockets if they may; then those who send over HTTP. */
export const listening = ['bob', 'carol', 'vera'] as const;
export const overSockets = ['bob', 'carol'] as const;
export const overHttp = ['mallory', 'bob'] as const;

/** Who may do what in a chat: members listen and may send, viewers listen, posters send over HTTP alone. */
export type People = {
  members: readonly string[];
  viewers: readonly string[];
  posters: readonly string[];
};

const fewPeople: People = { members: overSockets, viewers: ['vera'], posters: ['mallory'] };

/** Long enough for a message whose processor died twice. */
const usualRecoveryMs = 90_000;

/** Of a group of parts, as they stand in the payload of one. */
export type PartOf = { groupId: string; totalParts: number; partNumber: number };

/** One chat of its own, in a world that others use at the same time. */
export class ChatRun {
  readonly chatId: string;
  readonly world: World;
  readonly said: Said[] = [];
  #listeners: Listener[] = [];
  #latecomer: Listener | undefined;
  #sending: Promise<void>[] = [];
  #underWay = 0;
  readonly #people: People;
  readonly #settings: Partial<ClientOptions>;

  /** @param settings of the apps' clients, where they are not the usual ones */
  constructor(world: World, chatId: string, people = fewPeople, settings: Partial<ClientOptions> = {}) {
    this.world = world;
    this.chatId = chatId;
    this.#people = people;
    this.#settings = settings;
  }

  /** Lets everyone in who will send or listen, and starts the listeners. */
  async begin(): Promise<void> {
    const { outside, api } = this.world;
    const { members, viewers, posters } = this.#people;
    await outside.grant(this.chatId, [...members, ...posters]);
    await outside.grant(this.chatId, [...viewers], { role: 'viewer' });
    this.#listeners = [...members, ...viewers].map(
      (name, index) =>
        new Listener(api, name, this.chatId, index % 2 === 0 ? 'batch' : 'single', undefined, this.#settings),
    );
    await Promise.all(this.#listeners.map((listener) => listener.ready()));
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /** How much of what was sent nobody has heard about yet. */
  get unanswered(): number {
    return this.#underWay;
  }

  listener(username: string): Listener {
    const found = this.#listeners.find((listener) => listener.username === username);
    if (!found) throw new Error(`${username} does not listen`);
    return found;
  }

  /** Sends over the client library, which does the retrying. Nobody waits for the answer here; see `answered`. */
  sayOverSocket(username: string, kind: Kind, multiPartMetadata?: PartOf): void {
    const said = this.#say(username, kind, true);
    const { messageId, content } = said;
    const message = {
      ...{ chatId: this.chatId, eventType: 'chat', messageId, content, ...travelOf(kind) },
      ...(multiPartMetadata && { fields: { multiPartMetadata } }),
    };
    this.#track(
      said,
      this.listener(username)
        .client.send(message)
        .then(() => true),
    );
  }

  /** Sends as a backend does, again and again with the same id until it is taken. */
  sayOverHttp(username: string, kind: Kind): void {
    const said = this.#say(username, kind, false);
    const { messageId, content } = said;
    const fields = { messageId, messageType: 'standard', ...travelOf(kind) };
    const attempt = (): Promise<boolean> =>
      this.world.api.publish(username, { chatId: this.chatId, content }, fields).then(
        () => true,
        () => false,
      );
    this.#track(
      said,
      until('POST /publish to succeed', attempt, sendDeadlineMs).then(() => true),
    );
  }

  /** New messages straight onto the queues, as a redrive of letters that never got through would bring them. */
  async redrive(username: string, messages: { kind: Kind; groupId: string }[]): Promise<void> {
    const records = messages.map(({ kind, groupId }): QueueRecord => {
      const said = this.#say(username, kind, false);
      said.accepted = true;
      return { lane: kind === 'standard' ? 'Standard' : 'Fifo', ...this.#raw(said, kind, groupId) };
    });
    await this.world.queues.deliver(records);
  }

  /** Delivers once more what the topics had delivered: these records, in this order, in their own group or another. */
  async deliverAgain(picks: number[], groupId?: string): Promise<void> {
    const published = this.world.queues.publishedTo(this.chatId);
    const records = picks.flatMap((pick) => published[pick % published.length] ?? []);
    for (const { body } of records) {
      const { messageId } = JSON.parse(body) as { messageId: string };
      const said = this.said.find((one) => one.messageId === messageId);
      if (said) said.inTurn = false;
    }
    await this.world.queues.deliver(records.map((record) => ({ ...record, groupId: groupId ?? record.groupId })));
  }

  /** Waits until everything sent so far was answered, or given up. */
  async answered(): Promise<void> {
    await Promise.all(this.#sending.splice(0));
  }

  /** @throws Error naming what is not as it must be, though the system had the time it needs to recover. */
  async verify(recoveryMs = usualRecoveryMs): Promise<void> {
    await this.answered();
    const [viewer = ''] = this.#people.viewers;
    this.#latecomer = new Listener(this.world.api, viewer, this.chatId, 'batch', { sequence: 0 }, this.#settings);
    let breaches: string[] = [];
    const sound = async (): Promise<boolean> => (breaches = await this.breaches()).length === 0;
    await until('a sound chat', sound, recoveryMs).catch(() => {
      const conditions = this.#apps().map(({ condition }) => condition);
      throw new Error(`In ${this.chatId}:\n${[...breaches, ...conditions].join('\n')}`);
    });
  }

  /** Ends the apps; what they received stays. */
  async end(): Promise<void> {
    await Promise.all(this.#apps().map((app) => app.close()));
    await Promise.all(this.#sending);
  }

  /** What is not, or not yet, as it must be. */
  async breaches(): Promise<string[]> {
    const { outside, api } = this.world;
    if (!this.#latecomer) throw new Error('The run has not come to its end');
    const { chat } = await api.data<{ chat: { headSequence: number } | null }>(
      this.#reader,
      'query($chatId: ID!) { chat(chatId: $chatId) { headSequence } }',
      { chatId: this.chatId },
    );
    const letters = [...(await outside.letters('standard')), ...(await outside.letters('fifo'))];
    return breachesOf({
      said: this.said,
      rows: await outside.history(this.chatId),
      head: chat?.headSequence ?? 0,
      queried: {
        all: await this.#queried('messages', ''),
        numbered: await this.#queried('messagesBySequence', 'from: 1, '),
      },
      deadLetters: idsOf(letters),
      waiting: idsOf(letters.filter(({ waitingIn }) => waitingIn !== undefined)),
      listeners: this.#listeners,
      latecomer: this.#latecomer,
    });
  }

  /** Who looks into history by GraphQL. */
  get #reader(): string {
    return this.#people.members.at(-1) ?? '';
  }

  #apps(): Listener[] {
    return [...this.#listeners, ...(this.#latecomer ? [this.#latecomer] : [])];
  }

  async #queried(field: string, more: string): Promise<string[]> {
    const ids: string[] = [];
    let nextToken: string | null = null;
    do {
      const data: Record<string, Page<{ messageId: string }>> = await this.world.api.data(
        this.#reader,
        `query($chatId: ID!, $nextToken: String) {
          ${field}(chatId: $chatId, ${more}limit: 100, nextToken: $nextToken) { items { messageId } nextToken }
        }`,
        { chatId: this.chatId, nextToken },
      );
      ids.push(...(data[field]?.items ?? []).map(({ messageId }) => messageId));
      nextToken = data[field]?.nextToken ?? null;
    } while (nextToken !== null);
    return ids;
  }

  #say(username: string, kind: Kind, inTurn: boolean): Said {
    const said: Said = {
      messageId: ulid(),
      senderId: this.world.api.userId(username),
      content: { by: username, turn: this.said.length },
      numbered: kind === 'numbered',
      accepted: false,
      inTurn,
    };
    this.said.push(said);
    return said;
  }

  #track(said: Said, sending: Promise<boolean>): void {
    this.#underWay += 1;
    this.#sending.push(
      sending
        .then(
          () => {
            said.accepted = true;
          },
          () => {
            // Nobody knows whether it arrived, or what it arrived after.
            said.inTurn = false;
          },
        )
        .finally(() => (this.#underWay -= 1)),
    );
  }

  #raw({ messageId, senderId, content }: Said, kind: Kind, groupId: string): RawMessage {
    const body = JSON.stringify({
      version: 1,
      messageId,
      senderId,
      publishTimestamp: new Date().toISOString(),
      targetChannel: 'WebSocket',
      messageType: 'standard',
      ...travelOf(kind),
      payload: { chatId: this.chatId, eventType: 'chat', content },
    });
    return { body, groupId: `${this.chatId}-${groupId}` };
  }
}

function idsOf(letters: readonly Row[]): Set<string> {
  return new Set(letters.map(({ messageId }) => String(messageId)));
}

type Travel = { messageType: 'fifo'; generateSequence?: true; messageGroupId?: string };

function travelOf(kind: Kind): Travel | undefined {
  if (kind === 'standard') return undefined;
  return { messageType: 'fifo', ...(kind === 'numbered' ? { generateSequence: true } : { messageGroupId: kind }) };
}
