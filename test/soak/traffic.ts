import { setTimeout as delay } from 'node:timers/promises';
import type { ChatRun, Kind } from '../integration/model/chat-run.ts';
import type { Listener } from '../integration/model/listener.ts';
import type { Room } from './crowd.ts';

/** Between two things that happen in a room, on average. */
const beatMs = 1_000;
/** So much of what a room said may be unanswered before the next thing is said. */
const mostUnanswered = 40;

const kinds: Kind[] = ['numbered', 'numbered', 'group-1', 'group-2', 'standard'];

/** What happens in a room, and how often, relative to the others. */
type Act = { name: string; weight: number; speaks?: true; do: (room: LiveRoom) => unknown };
export type LiveRoom = Room & { chat: ChatRun };

const acts: Act[] = [
  {
    name: 'messages over sockets',
    weight: 40,
    speaks: true,
    do: ({ chat, people }) => chat.sayOverSocket(any(people.members), any(kinds)),
  },
  {
    name: 'messages over HTTP',
    weight: 20,
    speaks: true,
    do: ({ chat, people }) => chat.sayOverHttp(any(people.posters), any(kinds)),
  },
  {
    name: 'bursts',
    weight: 6,
    speaks: true,
    do({ chat, people }) {
      const sender = any(people.members);
      for (let count = 0; count < 8; count += 1) chat.sayOverSocket(sender, 'numbered');
    },
  },
  {
    name: 'groups of parts',
    weight: 4,
    speaks: true,
    do({ chat, people }) {
      const sender = any(people.members);
      const totalParts = 2 + Math.floor(Math.random() * 5);
      const groupId = `g-${chat.said.length}`;
      for (let partNumber = 1; partNumber <= totalParts; partNumber += 1) {
        chat.sayOverSocket(sender, 'numbered', { groupId, totalParts, partNumber });
      }
    },
  },
  {
    name: 'records delivered again',
    weight: 2,
    do: ({ chat }) => chat.deliverAgain([Math.floor(Math.random() * 1e6)]),
  },
  { name: 'replays', weight: 4, do: ({ chat }) => any(chat.listeners).client.replay(chat.chatId, { fromSequence: 1 }) },
  { name: 'sockets lost', weight: 4, do: ({ chat }) => any(chat.listeners).loseSocket() },
  { name: 'sockets lost within a frame', weight: 2, do: ({ chat }) => any(chat.listeners).loseSocketInFrame() },
  { name: 'sockets stalled', weight: 2, do: ({ chat }) => any(chat.listeners).stallSocket() },
  { name: 'apps restarted', weight: 2, do: (room) => any(viewersIn(room)).restart() },
];

/** The mix of what people do, in every room at once, until told to stop. */
export class Traffic {
  /** How often each thing happened. */
  readonly done = new Map<string, number>(acts.map(({ name }) => [name, 0]));
  readonly #rooms: readonly LiveRoom[];

  constructor(rooms: readonly LiveRoom[]) {
    this.#rooms = rooms;
  }

  async run(stop: AbortSignal): Promise<void> {
    await Promise.all(this.#rooms.map((room) => this.#animate(room, stop)));
  }

  async #animate(room: LiveRoom, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const act = choose();
      if (!act.speaks || room.chat.unanswered < mostUnanswered) {
        this.done.set(act.name, (this.done.get(act.name) ?? 0) + 1);
        // A replay may fail while calls do; whether history is whole is asked in the end.
        await Promise.resolve(act.do(room)).catch(() => undefined);
      }
      await delay(Math.random() * 2 * beatMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

function viewersIn({ chat, people }: LiveRoom): Listener[] {
  return people.viewers.map((name) => chat.listener(name));
}

function choose(): Act {
  let left = Math.random() * acts.reduce((sum, { weight }) => sum + weight, 0);
  return acts.find(({ weight }) => (left -= weight) < 0) ?? any(acts);
}

function any<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('Nothing to choose from');
  return item;
}
