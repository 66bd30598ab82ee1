import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { Tables } from '../../setup/tables.ts';
import { Api, fresh } from './api.ts';
import { type Answered, type Change, type Rights, serialOrder } from './serial-order.ts';

/** People with tokens. Any of them may become, or stop being, an admin of the chat while the others act. */
const people = ['bob', 'carol', 'vera', 'olga', 'mallory'];
const roles = ['admin', 'admin', 'member', 'viewer', undefined];
const rounds = 4;
const changesAtOnce = 20;

describe('changes of one chat’s permissions at the same time', () => {
  let cloud: Cloud;
  let api: Api;
  let tables: Tables;

  beforeAll(async () => {
    cloud = await startCloud();
    api = new Api(cloud.outputs);
    tables = await Tables.of(cloud.outputs);
    await Promise.all(['ada', ...people].map((name) => api.token(name)));
  });

  afterAll(async () => {
    tables.close();
    await cloud.stop();
  });

  /** A mix that differs from round to round: everyone changes everyone, themselves included; a fifth are Ada's. */
  function changesOf(round: number): Change[] {
    return Array.from({ length: changesAtOnce }, (_, index) => {
      const at = index * 7 + round * 3;
      const caller = index % 5 === 4 ? 'ada' : (people[at % people.length] ?? '');
      const target = people[(at + index + round) % people.length] ?? '';
      const role = roles[(at + Math.floor(index / 5)) % roles.length];
      return { caller, target, administrator: caller === 'ada', ...(role === undefined ? {} : { role }) };
    });
  }

  /** Asks for a change, again for as long as the answer is to try again. */
  async function make(chatId: string, change: Change): Promise<Answered> {
    const userId = api.userId(change.target);
    const { role } = change;
    for (;;) {
      const { errors } = role
        ? await api.ask(
            change.caller,
            'mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { role } }',
            { input: { userId, chatId, role } },
          )
        : await api.ask(
            change.caller,
            'mutation($userId: ID!, $chatId: ID!) { revokePermission(userId: $userId, chatId: $chatId) { role } }',
            { userId, chatId },
          );
      const outcome = errors?.[0]?.errorType ?? 'done';
      if (outcome !== 'Throttled') return { ...change, outcome };
    }
  }

  async function rightsIn(chatId: string): Promise<Rights> {
    const rows = await tables.rows('Permissions', 'chatId', chatId, 'byChat');
    const names = new Map(people.map((name) => [api.userId(name), name]));
    return new Map(rows.map((row) => [names.get(String(row['userId'])) ?? '?', String(row['role'])]));
  }

  test.each(Array.from({ length: rounds }, (_, round) => [round]))(
    'leave what some order, one after the other, would have left (round %i)',
    async (round) => {
      const chatId = fresh('contested');
      await api.createChat('bob', chatId);
      await api.grant('bob', { userId: api.userId('carol'), chatId, role: 'admin' });
      await api.grant('bob', { userId: api.userId('vera'), chatId, role: 'viewer' });
      const start = new Map([
        ['bob', 'admin'],
        ['carol', 'admin'],
        ['vera', 'viewer'],
      ]);

      const answered = await Promise.all(changesOf(round).map((change) => make(chatId, change)));

      const end = await rightsIn(chatId);
      expect({ answered, end, order: serialOrder(start, answered, end) }).toEqual({
        answered,
        end,
        order: expect.any(Array),
      });
      const [chat] = await tables.rows('Chats', 'chatId', chatId);
      const admins = [...end.values()].filter((role) => role === 'admin').length;
      expect(chat?.['adminCount']).toBe(admins);
      expect(admins).toBeGreaterThan(0);
    },
  );
});
