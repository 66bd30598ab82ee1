import { TestSocket, ConnectionRefused } from '../../setup/socket.ts';
import { until } from '../../setup/until.ts';
import { askUntilAnswered, grant } from './crowd.ts';
import type { Scenario, Trial, World } from './scenario.ts';

const inTenMinutes = (): number => Math.floor(Date.now() / 1000) + 600;

/** YOUNG_CONNECTION_SECONDS of the `test` environment, and a little more. */
const youngMs = 2_100;

/** Opening, renewing and closing a socket; at most so many at once, since a person may have twenty. */
export function connecting(world: World): Scenario[] {
  const { api, stage, tables } = world;
  const rowsOf = (chatId: string): Promise<Record<string, unknown>[]> => tables.rows('Subscriptions', 'chatId', chatId);

  /** As a client does: again and again until it is let in. */
  const open = (username: string, chatId: string): Promise<TestSocket> =>
    until(`a socket of ${username}`, async () => {
      try {
        return await TestSocket.openAs(api.outputs, username, chatId);
      } catch (error) {
        if (error instanceof ConnectionRefused && error.statusCode >= 500) return undefined;
        throw error;
      }
    });

  const speak = (chatId: string): Promise<void> => stage.publish('Fifo', chatId, ['hello'], { generateSequence: true });

  const opening = (role: string): Scenario => ({
    role,
    of: 'opening',
    atOnce: 6,
    async arrange(chatIds) {
      // A permission that ends before the token does makes $connect change the row it wrote.
      await grant(world, chatIds, ['vera'], { expiresAt: inTenMinutes() });
      return chatIds.map((chatId): Trial => {
        let heard: unknown[] = [];
        return {
          about: chatId,
          async give() {
            const socket = await open('vera', chatId);
            await speak(chatId);
            await socket.next((frame) => frame['chatId'] === chatId);
            heard = socket.messages(chatId).map(({ sequence }) => sequence);
            await socket.close();
          },
          over: async () => {
            await until('its rows to go', async () => (await rowsOf(chatId)).length === 0);
          },
          breaches: async () => [
            ...([...new Set(heard)].join() === '1' ? [] : [`heard ${heard.join()}`]),
            ...(await rowsOf(chatId)).filter(({ expiresAt }) => !expiresAt).map(() => 'a row that never expires'),
          ],
        };
      });
    },
  });

  return [
    opening('websocket-authorizer'),
    opening('connection'),
    {
      role: 'websocket-authorizer',
      of: 'a stranger',
      atOnce: 6,
      arrange: async (chatIds) =>
        chatIds.map((chatId): Trial => {
          let answer = 0;
          return {
            about: chatId,
            async give() {
              answer = await TestSocket.openAs(api.outputs, 'mallory', chatId).then(
                () => 101,
                (error: unknown) => (error instanceof ConnectionRefused ? error.statusCode : 0),
              );
            },
            breaches: async () => [
              ...([403, 500].includes(answer) ? [] : [`a stranger was answered ${answer}`]),
              ...((await rowsOf(chatId)).length > 0 ? ['a stranger has a row'] : []),
            ],
          };
        }),
    },
    closing(world, open, speak, rowsOf),
    renewing(world, open, rowsOf),
  ];
}

type Open = (username: string, chatId: string) => Promise<TestSocket>;
type RowsOf = (chatId: string) => Promise<Record<string, unknown>[]>;

/** What $disconnect leaves behind goes with the first post that finds the connection gone. */
function closing(world: World, open: Open, speak: (chatId: string) => Promise<void>, rowsOf: RowsOf): Scenario {
  return {
    role: 'connection',
    of: 'closing',
    atOnce: 8,
    only: ['Query', 'BatchWriteItem'],
    async arrange(chatIds) {
      await grant(world, chatIds, ['ada']);
      return chatIds.map((chatId): Trial => ({
        about: chatId,
        async give() {
          const socket = await open('ada', chatId);
          const opened = Date.now();
          await until('it to be no longer young', () => Date.now() - opened > youngMs);
          await socket.close();
          await until('its rows to go', async () => (await rowsOf(chatId)).length === 0, 1_000).catch(() =>
            speak(chatId),
          );
        },
        breaches: async () => ((await rowsOf(chatId)).length > 0 ? ['a row of a closed connection is there'] : []),
      }));
    },
  };
}

/** A token that lives on, and the subscriptions that live with it, never past their permission. */
function renewing({ tables, api }: World, open: Open, rowsOf: RowsOf): Scenario {
  return {
    role: 'authenticate',
    of: 'a new token',
    atOnce: 6,
    async arrange(chatIds) {
      const permissionEnds = inTenMinutes();
      await grant({ tables, api }, chatIds, ['carol'], { expiresAt: permissionEnds });
      return chatIds.map((chatId): Trial => {
        let answer: Record<string, unknown> = {};
        let ends: unknown[] = [];
        return {
          about: chatId,
          async give() {
            const socket = await open('carol', chatId);
            const [row] = await rowsOf(chatId);
            const { connectionId, subscriber } = row as { connectionId: string; subscriber: string };
            const soon = Math.floor(Date.now() / 1000) + 60;
            await tables.set('Connections', { connectionId }, { tokenExpiresAt: soon });
            await tables.set('Subscriptions', { chatId, subscriber }, { accessExpiresAt: soon });
            answer = await askUntilAnswered(socket, { action: 'authenticate', token: await api.token('carol') });
            ends = (await rowsOf(chatId)).map(({ accessExpiresAt }) => accessExpiresAt);
            await socket.close();
          },
          breaches: async () => [
            ...(answer['type'] === 'authenticated' ? [] : [`answered ${JSON.stringify(answer)}`]),
            ...(ends.length > 0 && ends.every((end) => end === permissionEnds)
              ? []
              : [`access ends at ${ends.join()}`]),
          ],
        };
      });
    },
  };
}
