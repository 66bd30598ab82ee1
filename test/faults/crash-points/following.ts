import type { TestSocket } from '../../setup/socket.ts';
import { until } from '../../setup/until.ts';
import { grant } from './crowd.ts';
import type { Scenario, Trial, World } from './scenario.ts';

const inTenMinutes = (): number => Math.floor(Date.now() / 1000) + 600;

/**
 * Subscriptions follow the permission they rest on: none is left without one, none outlives it. A stream hands its records out in order
 * and again until they are dealt with, so trials come one after another, each when the one before is over.
 */
export function following(world: World, vera: TestSocket): Scenario[] {
  const { stage, tables, api } = world;
  const rowOf = async (chatId: string): Promise<Record<string, unknown> | undefined> =>
    (await tables.rows('Subscriptions', 'chatId', chatId))[0];

  const change = (
    of: string,
    make: (chatId: string) => Promise<void>,
    breach: (chatId: string) => Promise<string[]>,
  ): Scenario => ({
    role: 'permission-stream',
    of,
    atOnce: 1,
    async arrange(chatIds) {
      await grant(world, chatIds, ['vera']);
      for (let start = 0; start < chatIds.length; start += 100) {
        await vera.request({ action: 'subscribe', chatIds: chatIds.slice(start, start + 100) });
      }
      return chatIds.map((chatId): Trial => {
        const settled = async (): Promise<void> => {
          await until(`the subscription to follow, ${chatId}`, async () => (await breach(chatId)).length === 0, 60_000);
        };
        return {
          about: chatId,
          async give() {
            await make(chatId);
            await settled();
          },
          // Being told is best effort: whoever is not learns it from the next pong.
          over: () => until('the frame', () => of !== 'revoked' || isTold(vera, chatId)).then(ignore, ignore),
          breaches: () => breach(chatId),
        };
      });
    },
  });

  return [
    change(
      'revoked',
      async (chatId) => {
        await tables.drop('Permissions', { userId: api.userId('vera'), chatId });
        await until('the subscription to go', async () => (await rowOf(chatId)) === undefined);
        await stage.publish('Fifo', chatId, ['nobody may hear this']);
      },
      async (chatId) => [
        ...((await rowOf(chatId)) ? ['a subscription without a permission is there'] : []),
        ...(vera.messages(chatId).length > 0 ? ['heard without a permission'] : []),
      ],
    ),
    change(
      'ends sooner',
      (chatId) => grant(world, [chatId], ['vera'], { expiresAt: inTenMinutes() }),
      async (chatId) => {
        const { expiresAt } = (await permissionOf(world, chatId)) ?? {};
        const ends = (await rowOf(chatId))?.['accessExpiresAt'];
        return expiresAt !== undefined && ends === expiresAt ? [] : [`access ends at ${ends}, not at ${expiresAt}`];
      },
    ),
  ];
}

function ignore(): void {}

function isTold(socket: TestSocket, chatId: string): boolean {
  return socket.frames.some((frame) => frame['type'] === 'subscription.revoked' && frame['chatId'] === chatId);
}

async function permissionOf({ tables, api }: World, chatId: string): Promise<Record<string, unknown> | undefined> {
  const rows = await tables.rows('Permissions', 'chatId', chatId, 'byChat');
  return rows.find(({ userId }) => userId === api.userId('vera'));
}
