import fc from 'fast-check';
import type { FaultRule } from '../../setup/edge-control.ts';
import { type ChatRun, type Kind, listening, overHttp, overSockets } from './chat-run.ts';

/** Nothing is known beforehand: what must hold is read off what was said (breaches.ts). */
export type Model = Record<string, never>;

/** Something that befalls a chat. */
class Step implements fc.AsyncCommand<Model, ChatRun> {
  readonly #name: string;
  readonly #do: (chat: ChatRun) => Promise<void> | void;

  constructor(name: string, act: (chat: ChatRun) => Promise<void> | void) {
    this.#name = name;
    this.#do = act;
  }

  check(): boolean {
    return true;
  }

  async run(_model: Model, chat: ChatRun): Promise<void> {
    await this.#do(chat);
  }

  toString(): string {
    return this.#name;
  }
}

const kind = fc.constantFrom<Kind>('numbered', 'numbered', 'group-1', 'group-2', 'standard');
const kinds = fc.array(kind, { minLength: 1, maxLength: 6, size: 'max' });

const saySome = fc.tuple(fc.constantFrom(...overSockets), kinds).map(
  ([who, all]) =>
    new Step(`${who} sends ${all.join(', ')}`, (chat) => {
      for (const one of all) chat.sayOverSocket(who, one);
    }),
);

const saySomeOverHttp = fc.tuple(fc.constantFrom(...overHttp), kinds).map(
  ([who, all]) =>
    new Step(`${who} posts ${all.join(', ')}`, (chat) => {
      for (const one of all) chat.sayOverHttp(who, one);
    }),
);

const redriven = fc.record({ kind, groupId: fc.constantFrom('a', 'b', 'c') });
const redrive = fc
  .array(redriven, { minLength: 1, maxLength: 8, size: 'max' })
  .map(
    (all) =>
      new Step(`redriven: ${all.map((one) => `${one.kind} in ${one.groupId}`).join(', ')}`, (chat) =>
        chat.redrive('carol', all),
      ),
  );

const deliverAgain = fc
  .record({
    picks: fc.array(fc.nat(100), { minLength: 1, maxLength: 8, size: 'max' }),
    groupId: fc.option(fc.constantFrom('again-1', 'again-2'), { nil: undefined }),
  })
  .map(
    ({ picks, groupId }) =>
      new Step(`delivered again: ${picks.join(', ')} in ${groupId ?? 'their groups'}`, (chat) =>
        chat.deliverAgain(picks, groupId),
      ),
  );

const loseSocket = fc
  .constantFrom(...listening)
  .map((who) => new Step(`${who} loses the socket`, (chat) => chat.listener(who).loseSocket()));

/** Only one who does not send: what waits to be sent ends with the app. */
const restart = fc.constant(new Step('vera restarts', (chat) => chat.listener('vera').restart()));

const awaitAnswers = fc.constant(new Step('all is answered', (chat) => chat.answered()));

const often = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);

/** What happens to a chat, one thing after another; messages are still on their way when the next thing happens. */
export function storyWith(
  faults: fc.Arbitrary<FaultRule>,
): fc.Arbitrary<Iterable<fc.AsyncCommand<Model, ChatRun, boolean>>> {
  const breakCall = faults.map(
    (rule) => new Step(`fault ${JSON.stringify(rule)}`, async (chat) => void (await chat.world.edge.break(rule))),
  );
  return fc.commands<Model, ChatRun, false>(
    [
      ...often(4, saySome),
      ...often(2, saySomeOverHttp),
      ...often(2, redrive),
      ...often(3, deliverAgain),
      ...often(4, breakCall),
      ...often(2, loseSocket),
      restart,
      ...often(2, awaitAnswers),
    ],
    { maxCommands: 24, size: 'max' },
  );
}
