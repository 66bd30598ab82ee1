import { ulid } from 'ulid';
import { type App, askUntilAnswered, grant } from './crowd.ts';
import type { TestSocket } from '../../setup/socket.ts';
import { until } from '../../setup/until.ts';
import type { Scenario, Trial, World } from './scenario.ts';
import { storeNumbered } from './talk.ts';

/** How many numbered messages chats have from before. */
const before = 3;

/** Gives chats a history. */
async function haveHistory(world: World, chatIds: readonly string[]): Promise<void> {
  const now = Date.now();
  const idsOf = (): string[] => Array.from({ length: before }, (_none, index) => ulid(now - 60_000 + index));
  await Promise.all(chatIds.map((chatId) => storeNumbered(world, chatId, idsOf())));
}

/** What people ask for over a socket: to listen, to have what they missed, to know where the chats are. Each trial has an app of the pool for itself. */
export function asking(world: World, apps: readonly App[], socket: TestSocket): Scenario[] {
  const { stage, tables } = world;
  const idle = [...apps];
  const withApp = async (task: (app: App) => Promise<void>): Promise<void> => {
    const app = idle.pop();
    if (!app) throw new Error('More trials at once than apps');
    try {
      await task(app);
    } finally {
      idle.push(app);
    }
  };
  const usernames = apps.map(({ username }) => username);

  return [
    {
      role: 'subscription',
      of: 'subscribing and leaving',
      atOnce: apps.length,
      async arrange(chatIds) {
        await grant(world, chatIds, usernames);
        await haveHistory(world, chatIds);
        return chatIds.map((chatId): Trial => {
          let heard: unknown[] = [];
          return {
            about: chatId,
            give: () =>
              withApp(async (app) => {
                await app.listen([chatId]);
                await stage.publish('Fifo', chatId, ['live'], { generateSequence: true });
                await until('the message', () => app.heard(chatId).length > 0);
                heard = app.heard(chatId).map(({ sequence }) => sequence);
                app.client.unsubscribe(chatId);
                await until(
                  'the subscription to go',
                  async () => (await tables.rows('Subscriptions', 'chatId', chatId)).length === 0,
                );
              }),
            breaches: async () => (heard.join() === String(before + 1) ? [] : [`heard ${heard.join()}`]),
          };
        });
      },
    },
    {
      role: 'replay',
      of: 'by number and by id',
      atOnce: apps.length,
      async arrange(chatIds) {
        await grant(world, chatIds, usernames);
        await haveHistory(world, chatIds);
        return chatIds.map((chatId): Trial => {
          let heard: unknown[] = [];
          let page: unknown[] = [];
          return {
            about: chatId,
            give: () =>
              withApp(async (app) => {
                await app.listen([chatId], 0);
                await until('what was missed', () => app.heard(chatId).length === before);
                heard = app.heard(chatId).map(({ sequence }) => sequence);
                const { messages } = await app.client.replay(chatId, { afterMessageId: ulid(1) });
                page = messages.map(({ sequence }) => sequence);
                app.client.unsubscribe(chatId);
              }),
            breaches: async () =>
              heard.join() === '1,2,3' && page.join() === '1,2,3' ? [] : [`heard ${heard.join()}, read ${page.join()}`],
          };
        });
      },
    },
    {
      role: 'heartbeat',
      of: 'a ping',
      atOnce: 8,
      async arrange(chatIds) {
        await grant(world, chatIds, ['bob']);
        await haveHistory(world, chatIds);
        await socket.request({ action: 'subscribe', chatIds });
        return chatIds.map((chatId): Trial => {
          let pong: Record<string, unknown> = {};
          return {
            about: chatId,
            async give() {
              pong = await askUntilAnswered(socket, { action: 'ping', positions: { [chatId]: 1 } });
            },
            breaches: async () =>
              JSON.stringify(pong['heads']) === JSON.stringify({ [chatId]: before })
                ? []
                : [`answered ${JSON.stringify(pong)}`],
          };
        });
      },
    },
  ];
}
