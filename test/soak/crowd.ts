import type { Forger } from '../integration/contract/forged-tokens.ts';
import { Api } from '../integration/graphql/api.ts';
import type { People } from '../integration/model/chat-run.ts';
import type { Outputs } from '../setup/outputs.ts';

/** So many listen in a room; the hall has enough for its chat to be a large one (FAN_OUT_THRESHOLD of `test`). */
const roomSize = 20;
const hallSize = 60;
const smallestRoom = 3;

export type Room = { chatId: string; people: People };

/** Splits so many listeners into a hall and rooms, a person each; everybody in a room but two viewers may send. */
export function roomsFor(sockets: number): Room[] {
  const sizes = sockets >= 2 * hallSize ? [hallSize] : [];
  let left = sockets - (sizes[0] ?? 0);
  while (left > 0) {
    const size = left < roomSize + smallestRoom ? left : roomSize;
    sizes.push(size);
    left -= size;
  }
  return sizes.map((size, room) => {
    const names = Array.from({ length: size }, (_none, person) => `p-${room}-${person}`);
    const people = { members: names.slice(0, -2), viewers: names.slice(-2), posters: [`h-${room}`] };
    return { chatId: `soak-${room}`, people };
  });
}

/** The outputs with people in them whom the pool does not know. */
export function withPeople(outputs: Outputs, names: readonly string[]): Outputs {
  const users = names.map((username) => ({ username, password: '', userId: username, groups: [] }));
  return { ...outputs, users: [...outputs.users, ...users] };
}

/** As everybody's own, for people whom the pool does not know, too: theirs are signed with the pool's key. */
export class CrowdApi extends Api {
  readonly #forger: Forger;
  readonly #strangers = new Map<string, string>();

  constructor(outputs: Outputs, known: readonly string[], forger: Forger) {
    super(outputs);
    this.#forger = forger;
    const strangers = outputs.users.filter(({ username }) => !known.includes(username));
    for (const { username, userId } of strangers) {
      this.#strangers.set(username, this.#forger.signed({ sub: userId, username, 'cognito:groups': [] }));
    }
  }

  override token(username: string): Promise<string> {
    const token = this.#strangers.get(username);
    return token === undefined ? super.token(username) : Promise.resolve(token);
  }
}
