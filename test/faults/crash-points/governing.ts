import { until } from '../../setup/until.ts';
import type { Scenario, Trial, World } from './scenario.ts';

/** One way to change permissions, which answers with a status: 404 when there is nothing to revoke, 409 when a name is taken. */
type Way = {
  role: string;
  of: string;
  create?: (chatId: string) => Promise<number>;
  grant(chatId: string, userId: string): Promise<number>;
  revoke(chatId: string, userId: string): Promise<number>;
  list?: (chatId: string, userId: string) => Promise<number>;
};

/**
 * Somebody becomes admin of a chat and no longer is, over each way in. Whoever hears nothing asks again: what they asked for may have
 * happened by then.
 */
export function governing(world: World): Scenario[] {
  return [overHttp(world), overGraphql(world)].map((way) => scenarioOf(world, way));
}

function scenarioOf(world: World, { role, of, create, grant, revoke, list }: Way): Scenario {
  const { tables, api } = world;
  return {
    role,
    of,
    atOnce: 8,
    async arrange(chatIds) {
      const bob = api.userId('bob');
      if (!create) {
        const about = { grantedBy: 'test', grantedAt: new Date().toISOString() };
        await tables.fill(
          'Permissions',
          chatIds.map((chatId) => ({ chatId, userId: bob, role: 'admin', ...about })),
        );
        await tables.fill(
          'Chats',
          chatIds.map((chatId) => ({ chatId, adminCount: 1, createdBy: bob })),
        );
      }
      return chatIds.map((chatId): Trial => {
        let counts: unknown[] = [];
        const count = async (): Promise<unknown> => (await tables.rows('Chats', 'chatId', chatId))[0]?.['adminCount'];
        return {
          about: chatId,
          async give() {
            const carol = api.userId('carol');
            if (create) await answered(() => create(chatId), 409);
            counts = [await count()];
            await answered(() => grant(chatId, carol));
            counts.push(await count());
            if (list) await answered(() => list(chatId, bob));
            await answered(() => revoke(chatId, carol), 404);
            counts.push(await count());
          },
          async breaches() {
            const rows = await tables.rows('Permissions', 'chatId', chatId, 'byChat');
            const admins = rows.map(({ userId, role: held }) => `${userId} ${held}`).join();
            return [
              ...(counts.join() === '1,2,1' ? [] : [`admins were counted ${counts.join()}`]),
              ...(admins === `${bob} admin` ? [] : [`in the end there are ${admins}`]),
            ];
          },
        };
      });
    },
  };
}

/** Asks until it is done. `alsoDone`: what a second try is told when the first had its effect unheard. */
async function answered(ask: () => Promise<number>, alsoDone?: number): Promise<void> {
  let tries = 0;
  await until('an answer', async () => {
    const status = await ask();
    tries += 1;
    if (status < 300 || (tries > 1 && status === alsoDone)) return true;
    if (status < 500) throw new Error(`Refused with ${status}`);
    return false;
  });
}

function overHttp({ api }: World): Way {
  const ask = async (method: string, query: Record<string, string>, body?: object): Promise<number> => {
    const url = new URL(`permissions?${new URLSearchParams(query).toString()}`, `${api.outputs.httpUrl}/`);
    const headers = { authorization: `Bearer ${await api.token('bob')}`, 'content-type': 'application/json' };
    const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    await response.text();
    return response.status;
  };
  return {
    role: 'permissions-http',
    of: 'an admin comes and goes',
    grant: (chatId, targetUserId) => ask('POST', {}, { targetUserId, chatId, role: 'admin' }),
    revoke: (chatId, userId) => ask('DELETE', { chatId, userId }),
    // The chat is named for the rules that strike this question alone.
    list: (chatId, userId) => ask('GET', { chatId, userId }),
  };
}

const statuses: Record<string, number> = { NotFound: 404, Conflict: 409, Forbidden: 403, InvalidInput: 400 };

function overGraphql({ api }: World): Way {
  const ask = async (query: string, variables: Record<string, unknown>): Promise<number> => {
    const { errors } = await api.ask('bob', query, variables);
    return errors ? (statuses[errors[0]?.errorType ?? ''] ?? 500) : 200;
  };
  return {
    role: 'appsync',
    of: 'a chat, its admins',
    create: (chatId) => ask('mutation($chatId: ID!) { createChat(chatId: $chatId) { chatId } }', { chatId }),
    grant: (chatId, userId) =>
      ask('mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { chatId } }', {
        input: { chatId, userId, role: 'admin' },
      }),
    revoke: (chatId, userId) =>
      ask('mutation($userId: ID!, $chatId: ID!) { revokePermission(userId: $userId, chatId: $chatId) { chatId } }', {
        userId,
        chatId,
      }),
  };
}
