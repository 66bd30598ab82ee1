import './support/quiet.ts';
import { handler } from '../../functions/connection/handler.ts';
import { subscriberKey } from '../../functions/domain/connecting/subscriber.ts';
import { Aws } from './support/aws.ts';
import {
  inSeconds,
  lambdaContext,
  socketClosing,
  socketMessage,
  socketOpening,
  type Person,
} from './support/events.ts';
import { table } from './support/tables.ts';
import { until } from '../setup/until.ts';

describe('the connection function', () => {
  let aws: Aws;
  let opened = 0;

  beforeAll(async () => {
    aws = await Aws.start();
    await table('PERMISSIONS_TABLE').put(
      { userId: 'ada', chatId: 'chat-1', role: 'viewer' },
      { userId: 'ada', chatId: 'chat-2', role: 'member', expiresAt: inSeconds(60) },
      { userId: 'ada', chatId: 'chat-3', role: 'member', expiresAt: inSeconds(-1) },
    );
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  async function open(person: Partial<Person> = {}, headers: Record<string, string> = {}) {
    opened += 1;
    const connectionId = `connection-${opened}`;
    const answer = await handler(socketOpening({ userId: 'ada', connectionId, ...person }, headers), lambdaContext());
    return { connectionId, ...answer };
  }

  async function rowsOf(connectionId: string) {
    const subscriptions = await table('SUBSCRIPTIONS_TABLE').all();
    return {
      connection: await table('CONNECTIONS_TABLE').get({ connectionId }),
      subscriptions: subscriptions
        .filter((row) => row['connectionId'] === connectionId)
        .sort((a, b) => String(a['chatId']).localeCompare(String(b['chatId']))),
    };
  }

  const nothing = { connection: undefined, subscriptions: [] };

  describe('$connect', () => {
    test('writes the connection, its own channel and its chats; access ends with the token or the permission', async () => {
      const tokenExpiresAt = inSeconds(3600);
      const { connectionId, statusCode } = await open({
        chatIds: ['chat-1', 'chat-2'],
        frames: 'batch',
        tokenExpiresAt,
      });
      expect(statusCode).toBe(200);
      const { connection, subscriptions } = await rowsOf(connectionId);
      const shared = {
        connectionId,
        userId: 'ada',
        frames: 'batch',
        connectedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        expiresAt: expect.closeTo(inSeconds(9000), -1),
      };
      expect(connection).toEqual({ ...shared, tokenExpiresAt });
      const subscriber = subscriberKey('ada', connectionId);
      expect(subscriber).toMatch(new RegExp(`^[0-9a-f]{2}#ada#${connectionId}$`));
      expect(subscriptions).toEqual([
        { ...shared, chatId: 'ada', subscriber, accessExpiresAt: tokenExpiresAt },
        { ...shared, chatId: 'chat-1', subscriber, accessExpiresAt: tokenExpiresAt },
        { ...shared, chatId: 'chat-2', subscriber, accessExpiresAt: expect.closeTo(inSeconds(60), -1) },
      ]);
    });

    test('a token that ends before the permission is what ends access', async () => {
      const tokenExpiresAt = inSeconds(30);
      const { connectionId } = await open({ chatIds: ['chat-2'], tokenExpiresAt });
      const { subscriptions } = await rowsOf(connectionId);
      expect(subscriptions.map(({ accessExpiresAt }) => accessExpiresAt)).toEqual([tokenExpiresAt, tokenExpiresAt]);
    });

    test('counts, writes, and only then reads the permissions again, strongly', async () => {
      await open({ chatIds: ['chat-1'] });
      expect(aws.actions.slice(0, 3)).toEqual(['Query', 'UpdateItem', 'TransactWriteItems']);
      expect(aws.actions.slice(3).sort()).toEqual(['BatchGetItem', 'Query']);
      expect(aws.inputs('BatchGetItem')).toEqual([
        { RequestItems: { permissions_table: expect.objectContaining({ ConsistentRead: true }) } },
      ]);
    });

    test.each([
      ['gone', 'chat-none'],
      ['over', 'chat-3'],
    ])('a permission that is %s refuses the connection and leaves nothing', async (_how, chatId) => {
      const { connectionId, statusCode } = await open({ chatIds: ['chat-1', chatId] });
      expect(statusCode).toBe(403);
      expect(await rowsOf(connectionId)).toEqual(nothing);
    });

    test.each(['TransactWriteItems', 'BatchGetItem', 'UpdateItem'])(
      'when %s fails, nothing is left',
      async (action) => {
        aws.fail(action, { error: 'AccessDeniedException' });
        const { connectionId, statusCode, body } = await open({ chatIds: ['chat-1', 'chat-2'] });
        expect(statusCode).toBe(500);
        expect(body).not.toContain('arn:');
        expect(await rowsOf(connectionId)).toEqual(nothing);
      },
    );

    test('a write that happened without our hearing of it leaves nothing, either', async () => {
      aws.fail('TransactWriteItems', { dropReply: true });
      const { connectionId, statusCode } = await open();
      expect(statusCode).toBe(500);
      expect(await rowsOf(connectionId)).toEqual(nothing);
    });

    test('a user may have 20 connections; leftovers of lost ones do not count', async () => {
      const userId = 'busy';
      const row = (index: number, connectedAt: string) => ({ connectionId: `busy-${index}`, userId, connectedAt });
      const longAgo = new Date(Date.now() - 9_001_000).toISOString();
      const lately = new Date(Date.now() - 1_000).toISOString();
      for (let index = 0; index < 19; index += 1) await table('CONNECTIONS_TABLE').put(row(index, lately));
      await table('CONNECTIONS_TABLE').put(row(50, longAgo), row(51, longAgo));
      expect(await open({ userId })).toMatchObject({ statusCode: 200 });
      aws.reset();
      expect(await open({ userId })).toMatchObject({ statusCode: 429 });
      expect(aws.actions).toEqual(['Query', 'UpdateItem']);
    });

    test('of connections that open at the same moment, all but the oldest 20 go again', async () => {
      const userId = 'crowded';
      const count = 30;
      const written = async (): Promise<number> =>
        (await table('CONNECTIONS_TABLE').all()).filter((row) => row['userId'] === userId).length;
      // None is written before all have been counted, and none counted again before all are written.
      const allCounted = until('all counts', () => aws.inputs('Query').length >= count);
      const allWritten = until('all rows', async () => (await written()) >= count);
      const isAgain = (input: Record<string, unknown>): boolean => JSON.stringify(input).includes('BETWEEN');
      aws.fail('TransactWriteItems', { meanwhile: () => allCounted });
      aws.fail('Query', { meanwhile: () => allWritten }, { applies: isAgain });
      const answers = await Promise.all(Array.from({ length: count }, () => open({ userId })));
      const opened = answers.filter(({ statusCode }) => statusCode === 200);
      expect(opened).toHaveLength(20);
      const refused = answers.filter(({ statusCode }) => statusCode === 429);
      expect(refused).toHaveLength(count - 20);
      expect(await written()).toBe(20);
      for (const { connectionId } of refused) expect(await rowsOf(connectionId)).toEqual(nothing);
    });

    test('nobody in the context', async () => {
      expect(await open({ userId: '' })).toMatchObject({ statusCode: 401 });
      expect(aws.actions).toEqual([]);
    });

    test.each([
      ['offered', { 'Sec-WebSocket-Protocol': 'notification.v1' }, { 'Sec-WebSocket-Protocol': 'notification.v1' }],
      [
        'offered with a token behind it, in another case',
        { 'sec-websocket-protocol': 'notification.v1, secret.token' },
        { 'Sec-WebSocket-Protocol': 'notification.v1' },
      ],
      ['not offered', { 'Sec-WebSocket-Protocol': 'chat' }, undefined],
      ['absent', {}, undefined],
    ])('the subprotocol is answered when offered: %s', async (_how, headers, answered) => {
      expect((await open({}, headers as Record<string, string>)).headers).toEqual(answered);
    });
  });

  describe('$disconnect', () => {
    test('removes the rows of the connection, and no others', async () => {
      const other = await open({ chatIds: ['chat-1'] });
      const { connectionId } = await open({ chatIds: ['chat-1', 'chat-2'] });
      expect(await handler(socketClosing(connectionId), lambdaContext())).toMatchObject({ statusCode: 200 });
      expect(await rowsOf(connectionId)).toEqual(nothing);
      expect((await rowsOf(other.connectionId)).subscriptions).toHaveLength(2);
    });

    test('removes many subscriptions', async () => {
      const rows = Array.from({ length: 60 }, (_row, index) => ({
        chatId: `many-${index}`,
        subscriber: '00#ada#many',
        connectionId: 'many',
      }));
      await table('SUBSCRIPTIONS_TABLE').put(...rows);
      await handler(socketClosing('many'), lambdaContext());
      expect(await rowsOf('many')).toEqual(nothing);
    });

    test('a failure is not the client’s business', async () => {
      aws.fail('Query', { error: 'AccessDeniedException' });
      expect(await handler(socketClosing('connection-x'), lambdaContext())).toMatchObject({ statusCode: 200 });
    });
  });

  test.each(['$connect', '$disconnect'])('a message that names %s as its action changes nothing', async (action) => {
    const { connectionId } = await open();
    aws.reset();
    const answer = await handler(
      socketMessage({ userId: 'ada', connectionId }, { action, ackId: 'x' }, action),
      lambdaContext(),
    );
    expect(JSON.parse(answer.body ?? '')).toEqual({
      type: 'error',
      error: `Unknown action: "${action}". Known actions: sendMessage, subscribe, unsubscribe, replay, ping, authenticate, report.`,
      statusCode: 400,
      ackId: 'x',
    });
    expect(aws.actions).toEqual([]);
    expect((await rowsOf(connectionId)).connection).toBeDefined();
  });
});
