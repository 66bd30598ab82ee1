import { ulid } from 'ulid';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { Tables } from '../../setup/tables.ts';
import { Api, fresh, type Page } from './api.ts';

const many = 1000;
const numbers = Array.from({ length: many }, (_, index) => index);
/** A moment within what history keeps. The messages are a second apart. */
const start = Date.now() - 2 * 3600_000;
const later = Math.floor(Date.now() / 1000) + 86_400;

const messageRow = (chatId: string, time: number, sequence?: number) => ({
  chatId,
  messageId: ulid(time),
  senderId: 'someone',
  eventType: 'chat',
  messageType: 'fifo',
  payload: '{"content":1}',
  publishTimestamp: new Date(time).toISOString(),
  expiresAt: later,
  ...(sequence === undefined ? {} : { sequence }),
});
const permissionRow = (userId: string, chatId: string) => ({
  userId,
  chatId,
  role: 'member',
  grantedBy: 'someone',
  grantedAt: new Date(start).toISOString(),
});
const padded = (n: number): string => String(n).padStart(6, '0');

describe('pages', () => {
  let cloud: Cloud;
  let api: Api;
  let tables: Tables;

  beforeAll(async () => {
    cloud = await startCloud();
    api = new Api(cloud.outputs);
    tables = await Tables.of(cloud.outputs);
  });

  afterAll(async () => {
    tables.close();
    await cloud.stop();
  });

  /** Reads a field to its end, and before every page lets `meanwhile` write. */
  async function readAll<Item>(
    field: string,
    args: string,
    item: string,
    meanwhile: (page: number) => Promise<void>,
  ): Promise<Item[]> {
    const found: Item[] = [];
    let nextToken: string | null = null;
    for (let page = 0; page === 0 || nextToken !== null; page++) {
      await meanwhile(page);
      const query = `query($nextToken: String) { page: ${field}(${args}, nextToken: $nextToken) { items { ${item} } nextToken } }`;
      const data: { page: Page<Item> } = await api.data('ada', query, { nextToken });
      found.push(...data.page.items);
      nextToken = data.page.nextToken;
      if (page > many) throw new Error(`${field} has no end`);
    }
    return found;
  }

  describe('of a thousand messages', () => {
    const chatId = fresh('long');
    const rows = numbers.map((n) => messageRow(chatId, start + n * 1000, n + 1));
    const ids = rows.map(({ messageId }) => messageId);

    beforeAll(() => tables.fill('Messages', rows));

    /** Before, between and after those there are; none of them with a number. */
    const others = (page: number) =>
      tables.fill(
        'Messages',
        [-60_000, 500 + page * 97_000, many * 1000].map((offset) => messageRow(chatId, start + offset + page)),
      );

    test.each([
      ['newest first', true, 100],
      ['oldest first', false, 70],
    ])('%s: every message once and in order, whatever is written meanwhile', async (_, newestFirst, limit) => {
      const found = await readAll<{ messageId: string }>(
        'messages',
        `chatId: "${chatId}", newestFirst: ${newestFirst}, limit: ${limit}`,
        'messageId',
        others,
      );
      const seen = found.map(({ messageId }) => messageId);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(newestFirst ? seen.toSorted().reverse() : seen.toSorted());
      const original = seen.filter((id) => ids.includes(id));
      expect(original).toEqual(newestFirst ? ids.toReversed() : ids);
    });

    test('by number: every message once and in order, and those numbered meanwhile at the end', async () => {
      let next = many;
      const found = await readAll<{ sequence: number }>(
        'messagesBySequence',
        `chatId: "${chatId}", from: 1, limit: 90`,
        'sequence',
        async () => {
          next++;
          await tables.fill('Messages', [messageRow(chatId, start + next * 1000, next)]);
        },
      );
      const seen = found.map(({ sequence }) => sequence);
      expect(seen).toEqual(seen.map((_, index) => index + 1));
      expect(seen.length).toBeGreaterThanOrEqual(many);
    });

    test('from and to bound a stretch that is paged to its end', async () => {
      const [from, to] = [rows[200], rows[449]].map((row) => row?.publishTimestamp);
      const args = `chatId: "${chatId}", from: "${from}", to: "${to}", newestFirst: false, limit: 99`;
      const found = await readAll<{ messageId: string }>('messages', args, 'messageId', () => Promise.resolve());
      const seen = found.map(({ messageId }) => messageId).filter((id) => ids.includes(id));
      expect(seen).toEqual(ids.slice(200, 450));
    });
  });

  describe('of a thousand permissions', () => {
    const userId = fresh('busy');
    const chatId = fresh('crowded');

    beforeAll(async () => {
      await tables.fill(
        'Permissions',
        numbers.flatMap((n) => [
          permissionRow(userId, `c-${padded(n * 10)}`),
          permissionRow(`u-${padded(n * 10)}`, chatId),
        ]),
      );
    });

    test.each([
      ['permissionsByUser', `userId: "${userId}"`, 'chatId', 'c-', (id: string) => permissionRow(userId, id)],
      ['permissionsByChat', `chatId: "${chatId}"`, 'userId', 'u-', (id: string) => permissionRow(id, chatId)],
    ] as const)('%s: each once and in order, whatever is written meanwhile', async (field, of, key, prefix, row) => {
      const found = await readAll<Record<string, string>>(field, `${of}, limit: 100`, key, (page) =>
        tables.fill(
          'Permissions',
          [1, 5, 9].map((digit) => row(`${prefix}${padded((page * 997 * 10 + digit) % (many * 10))}`)),
        ),
      );
      const seen = found.map((item) => item[key] ?? '');
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(seen.toSorted());
      const original = numbers.map((n) => `${prefix}${padded(n * 10)}`);
      expect(seen.filter((id) => id.endsWith('0'))).toEqual(original);
    });
  });
});
