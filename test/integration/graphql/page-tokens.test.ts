import { ulid } from 'ulid';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { TestSocket } from '../../setup/socket.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { type Answer, Api, fresh, type Page } from './api.ts';

type Reply = Answer<{ page: Page<Record<string, unknown>> }>;

const here = fresh('here');
const elsewhere = fresh('elsewhere');
/** Every field that is paged, with what it is asked about and what its items show; `elsewhere` asks the same about another. */
const fields = {
  permissionsByUser: { of: 'userId', item: 'chatId role' },
  permissionsByChat: { of: 'chatId', item: 'userId role' },
  messages: { of: 'chatId', item: 'messageId content' },
  messagesBySequence: { of: 'chatId', item: 'messageId sequence', more: ', from: 1' },
  connectionsByChat: { of: 'chatId', item: 'connectionId' },
  connectionsByUser: { of: 'userId', item: 'connectionId' },
};
type Field = keyof typeof fields;
const names = Object.keys(fields) as Field[];

describe('a nextToken', () => {
  let cloud: Cloud;
  let api: Api;
  let tables: Tables;
  let sockets: TestSocket[];

  beforeAll(async () => {
    cloud = await startCloud();
    api = new Api(cloud.outputs);
    tables = await Tables.of(cloud.outputs);
    await api.createChat('bob', here);
    for (const guest of ['one', 'two']) await api.grant('bob', { userId: guest, chatId: here, role: 'viewer' });
    const now = Date.now();
    const common = { senderId: 'one', eventType: 'chat', messageType: 'fifo', expiresAt: Math.floor(now / 1000) + 900 };
    await tables.put(
      'Messages',
      ...[1, 2, 3].map((sequence) => ({
        ...common,
        chatId: here,
        messageId: ulid(now + sequence),
        payload: JSON.stringify({ content: sequence }),
        publishTimestamp: new Date(now + sequence).toISOString(),
        sequence,
      })),
    );
    sockets = await Promise.all([1, 2, 3].map(() => TestSocket.openAs(cloud.outputs, 'bob', here)));
    for (const field of names) {
      await until(`two pages of ${field}`, async () => (await ask(field)).data?.page.nextToken != null);
    }
  });

  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
    tables.close();
    await cloud.stop();
  });

  /** The first page of one item, or the page after a token. */
  function ask(field: Field, nextToken: string | null = null, about: 'here' | 'elsewhere' = 'here'): Promise<Reply> {
    const { of, item, more = '' } = { more: '', ...fields[field] };
    const subject =
      of === 'userId' ? api.userId(about === 'here' ? 'bob' : 'carol') : about === 'here' ? here : elsewhere;
    const query = `query($nextToken: String) {
      page: ${field}(${of}: "${subject}"${more}, limit: 1, nextToken: $nextToken) { items { ${item} } nextToken }
    }`;
    return api.ask('ada', query, { nextToken });
  }

  async function tokenOf(field: Field): Promise<string> {
    return (await ask(field)).data?.page.nextToken ?? '';
  }

  const refused = {
    status: 200,
    data: null,
    errors: [expect.objectContaining({ errorType: 'InvalidInput', message: expect.stringContaining('nextToken') })],
  };

  test.each(names)('of %s leads on, and twice to the same page', async (field) => {
    const first = await ask(field);
    const token = first.data?.page.nextToken ?? '';
    const [second, again] = [await ask(field, token), await ask(field, token)];
    expect(second.errors).toBeUndefined();
    expect(second.data?.page.items).toHaveLength(1);
    expect(second.data?.page.items).not.toEqual(first.data?.page.items);
    expect(again).toEqual(second);
  });

  test.each(names)('of %s is refused about another chat or person, and by every other field', async (field) => {
    const token = await tokenOf(field);
    expect(await ask(field, token, 'elsewhere')).toEqual(refused);
    for (const other of names.filter((name) => name !== field)) expect(await ask(other, token)).toEqual(refused);
  });

  test.each(names)('of %s is refused when it is broken', async (field) => {
    const token = await tokenOf(field);
    const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
    const content = JSON.parse(Buffer.from(token, 'base64').toString()) as { after: string | number };
    const middle = Math.floor(token.length / 2);
    const broken = [
      ...[
        '',
        'x',
        'null',
        '====',
        'not a token',
        'ünïcode',
        token.slice(1),
        token.slice(0, -4),
        `${token}AAAA`,
        token + token,
      ],
      token.slice(0, middle) + (token.charAt(middle) === 'A' ? 'B' : 'A') + token.slice(middle + 1),
      [...token].reverse().join(''),
      'A'.repeat(10_000),
      ...[null, 1, [], {}, { ...content, after: null }, { ...content, after: {} }, { ...content, after: '' }].map(
        encoded,
      ),
      encoded({ ...content, after: typeof content.after === 'number' ? content.after + 1 : `${content.after}0` }),
    ];
    for (const nextToken of broken) expect([nextToken, await ask(field, nextToken)]).toEqual([nextToken, refused]);
  });
});
