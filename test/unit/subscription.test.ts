import './support/quiet.ts';
import { handler } from '../../functions/subscription/handler.ts';
import { answerOf } from './support/answer.ts';
import { Aws } from './support/aws.ts';
import { inSeconds, lambdaContext, socketClosing, socketMessage, type Person } from './support/events.ts';
import { personOnline } from './support/person.ts';
import { table } from './support/tables.ts';

const forbidden = 'Forbidden: You do not have permission to join this chat.';

describe('the subscription function', () => {
  let aws: Aws;

  beforeAll(async () => {
    aws = await Aws.start();
    await table('PERMISSIONS_TABLE').put(
      { userId: 'ada', chatId: 'chat-1', role: 'member' },
      { userId: 'vera', chatId: 'chat-1', role: 'viewer' },
      { userId: 'ada', chatId: 'ending', role: 'member', expiresAt: inSeconds(60) },
      { userId: 'ada', chatId: 'ended', role: 'admin', expiresAt: inSeconds(-1) },
      ...Array.from({ length: 100 }, (_row, index) => ({ userId: 'ada', chatId: `many-${index}`, role: 'member' })),
    );
    await table('CHATS_TABLE').put({ chatId: 'chat-1', sequence: 7 });
    await table('MESSAGES_TABLE').put(message('chat-1', 3), message('chat-1', 7));
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  /** A message so old that nothing about it is still on its way. */
  function message(chatId: string, sequence: number) {
    const publishTimestamp = new Date(Date.now() - 86_400_000).toISOString();
    return { chatId, messageId: `id-${sequence}`, sequence, publishTimestamp, expiresAt: inSeconds(86_400) };
  }

  const subscribe = (person: Person, ...chatIds: string[]) =>
    answerOf(handler, person, { action: 'subscribe', chatIds, ackId: 'a' });
  const unsubscribe = (person: Person, ...chatIds: string[]) =>
    answerOf(handler, person, { action: 'unsubscribe', chatIds, ackId: 'a' });

  describe('subscribe', () => {
    test('writes the rows and tells each chat’s head and first number; own channel always', async () => {
      const ada = await personOnline('ada');
      expect(await subscribe(ada, 'chat-1', 'ada', 'ending', 'chat-1')).toEqual({
        type: 'subscribed',
        chats: [
          { chatId: 'chat-1', headSequence: 7, firstSequence: 3 },
          { chatId: 'ada', headSequence: 0, firstSequence: 1 },
          { chatId: 'ending', headSequence: 0, firstSequence: 1 },
        ],
        refused: [],
        ackId: 'a',
      });
      const { shared, subscriber, tokenExpiresAt } = ada;
      expect(await ada.subscription('chat-1')).toEqual({
        ...shared,
        chatId: 'chat-1',
        subscriber,
        accessExpiresAt: tokenExpiresAt,
      });
      expect(await ada.subscription('ending')).toMatchObject({ accessExpiresAt: expect.closeTo(inSeconds(60), -1) });
    });

    test('a viewer may listen; who has no live permission is refused chat by chat, and no row is written', async () => {
      const vera = await personOnline('vera');
      expect(await subscribe(vera, 'chat-1')).toMatchObject({ chats: [{ chatId: 'chat-1' }], refused: [] });
      const ada = await personOnline('ada');
      const odd = 'no such chat!';
      expect(await subscribe(ada, 'ended', odd, 'stranger', 'chat-1')).toMatchObject({
        chats: [{ chatId: 'chat-1' }],
        refused: [
          { chatId: 'ended', error: forbidden },
          {
            chatId: odd,
            error: `Invalid chatId: expected 1-128 characters of A-Z a-z 0-9 - _ . : @, got "${odd}".`,
          },
          { chatId: 'stranger', error: forbidden },
        ],
      });
      expect(JSON.stringify(aws.inputs('TransactWriteItems'))).not.toMatch(/ended|no such|stranger/);
    });

    test('100 chats cost few calls', async () => {
      const ada = await personOnline('ada');
      const chatIds = Array.from({ length: 100 }, (_chat, index) => `many-${index}`);
      const reply = await subscribe(ada, ...chatIds);
      expect((reply['chats'] as { chatId: string }[]).map(({ chatId }) => chatId)).toEqual(chatIds);
      // 101 keys before and after; 50 rows and their checks a write; the connection's subscriptions; the allowance. No chat has numbers to look for.
      expect([...aws.actions].sort()).toEqual([
        ...Array<string>(2 + 2).fill('BatchGetItem'),
        'Query',
        ...Array<string>(2).fill('TransactWriteItems'),
        'UpdateItem',
      ]);
      const strong = aws.inputs<{ RequestItems: object }>('BatchGetItem');
      for (const { RequestItems } of strong) {
        for (const keys of Object.values(RequestItems)) expect(keys).toMatchObject({ ConsistentRead: true });
      }
    });

    test('one chat costs six calls', async () => {
      await subscribe(await personOnline('ada'), 'chat-1');
      const calls = ['BatchGetItem', 'BatchGetItem', 'Query', 'Query', 'TransactWriteItems', 'UpdateItem'];
      expect([...aws.actions].sort()).toEqual(calls);
    });

    test('each row is written beside a check of its permission, as it was read; the own channel needs none', async () => {
      const ada = await personOnline('ada');
      await subscribe(ada, 'chat-1', 'ada', 'ending');
      const [{ TransactItems } = { TransactItems: [] }] = aws.inputs<{ TransactItems: object[] }>('TransactWriteItems');
      const check = (chatId: string, condition: string): object => ({
        ConditionCheck: expect.objectContaining({
          TableName: 'permissions_table',
          Key: { userId: { S: 'ada' }, chatId: { S: chatId } },
          ConditionExpression: condition,
        }),
      });
      expect(TransactItems).toEqual([
        ...Array<unknown>(3).fill({ Put: expect.objectContaining({ TableName: 'subscriptions_table' }) }),
        check('chat-1', 'attribute_exists(userId) AND attribute_not_exists(expiresAt)'),
        check('ending', 'expiresAt = :expiresAt'),
      ]);
    });

    test('a permission taken away while the row is written leaves no row, not even for a moment', async () => {
      await table('PERMISSIONS_TABLE').put({ userId: 'ada', chatId: 'fleeting', role: 'member' });
      const ada = await personOnline('ada');
      aws.fail(
        'TransactWriteItems',
        { meanwhile: () => table('PERMISSIONS_TABLE').delete({ userId: 'ada', chatId: 'fleeting' }) },
        { times: 1 },
      );
      expect(await subscribe(ada, 'fleeting', 'chat-1')).toMatchObject({
        chats: [{ chatId: 'chat-1' }],
        refused: [{ chatId: 'fleeting', error: forbidden }],
      });
      expect(await ada.subscription('fleeting')).toBeUndefined();
      // Refused by the transaction itself: nothing had to be taken back.
      expect(aws.actions).not.toContain('BatchWriteItem');
    });

    test('a permission taken away once the row is written is its stream’s to end: it is not put back', async () => {
      await table('PERMISSIONS_TABLE').put({ userId: 'ada', chatId: 'ended-later', role: 'member' });
      const ada = await personOnline('ada', [], inSeconds(600));
      const { subscriber } = ada;
      const meanwhile = async (): Promise<void> => {
        await table('PERMISSIONS_TABLE').delete({ userId: 'ada', chatId: 'ended-later' });
        await table('SUBSCRIPTIONS_TABLE').delete({ chatId: 'ended-later', subscriber });
        await table('CONNECTIONS_TABLE').put({ ...ada.shared, tokenExpiresAt: inSeconds(7200) });
      };
      const isSecond = (input: object): boolean => JSON.stringify(input).includes('chats_table');
      aws.fail('BatchGetItem', { meanwhile }, { times: 1, applies: isSecond });
      await subscribe(ada, 'ended-later');
      expect(await ada.subscription('ended-later')).toBeUndefined();
    });

    test('others who write the same rows are waited for, but not for ever', async () => {
      const conflict = { cancellation: ['None', 'TransactionConflict'] };
      const ada = await personOnline('ada');
      aws.fail('TransactWriteItems', conflict, { times: 2 });
      expect(await subscribe(ada, 'chat-1')).toMatchObject({ chats: [{ chatId: 'chat-1' }], refused: [] });
      expect(await ada.subscription('chat-1')).toBeDefined();
      const other = await personOnline('ada');
      aws.fail('TransactWriteItems', conflict);
      expect(await subscribe(other, 'chat-1')).toMatchObject({
        statusCode: 500,
        details: { name: 'SubscriptionsContended' },
      });
      expect(await other.subscription('chat-1')).toBeUndefined();
    });

    test('a transaction that would be refused every time is tried once', async () => {
      aws.fail('TransactWriteItems', { cancellation: ['ValidationError', 'None'] });
      expect(await subscribe(await personOnline('ada'), 'chat-1')).toMatchObject({
        details: { name: 'TransactionCanceledException' },
      });
      expect(aws.inputs('TransactWriteItems')).toHaveLength(1);
    });

    test('a permission shortened, or a token renewed, while the row is written is what counts', async () => {
      await table('PERMISSIONS_TABLE').put({ userId: 'ada', chatId: 'shortened', role: 'member' });
      const ada = await personOnline('ada', [], inSeconds(600));
      const shortened = { userId: 'ada', chatId: 'shortened', role: 'member', expiresAt: inSeconds(30) };
      const meanwhile = async (): Promise<void> => {
        await table('PERMISSIONS_TABLE').put(shortened);
        await table('CONNECTIONS_TABLE').put({ ...ada.shared, tokenExpiresAt: inSeconds(7200) });
      };
      aws.fail('TransactWriteItems', { meanwhile }, { times: 1 });
      await subscribe(ada, 'shortened', 'chat-1');
      expect(await ada.subscription('shortened')).toMatchObject({ accessExpiresAt: shortened.expiresAt });
      expect(await ada.subscription('chat-1')).toMatchObject({ accessExpiresAt: expect.closeTo(inSeconds(7200), -1) });
    });

    test('the head is read after the row is written: a message committed in between is the client’s to replay', async () => {
      await table('PERMISSIONS_TABLE').put({ userId: 'ada', chatId: 'busy', role: 'member' });
      const ada = await personOnline('ada');
      const meanwhile = async (): Promise<void> => {
        await table('CHATS_TABLE').put({ chatId: 'busy', sequence: 1 });
        await table('MESSAGES_TABLE').put(message('busy', 1));
      };
      aws.fail('TransactWriteItems', { meanwhile }, { times: 1 });
      expect(await subscribe(ada, 'busy')).toMatchObject({
        chats: [{ chatId: 'busy', headSequence: 1, firstSequence: 1 }],
      });
    });

    test('a connection that closes while the row is written leaves nothing behind', async () => {
      const ada = await personOnline('ada');
      const { connectionId } = ada;
      aws.fail(
        'TransactWriteItems',
        { meanwhile: () => table('CONNECTIONS_TABLE').delete({ connectionId }) },
        { times: 1 },
      );
      const gone = { error: 'Gone: this connection is closed; open a new one.', statusCode: 410 };
      expect(await subscribe(ada, 'chat-1')).toEqual({ type: 'error', ...gone, ackId: 'a' });
      expect(await ada.subscription('chat-1')).toBeUndefined();
      aws.reset();
      expect(await subscribe(ada, 'chat-1')).toMatchObject(gone);
      expect(aws.actions).not.toContain('TransactWriteItems');
    });

    test.each([
      ['the write', 'TransactWriteItems', 1],
      ['the look at heads', 'BatchGetItem', 2],
    ])('when %s fails, no row stays and the reply says so', async (_what, action, nth) => {
      const ada = await personOnline('ada');
      let calls = 0;
      const isNth = (): boolean => (calls += 1) === nth;
      aws.fail(action, { error: 'ResourceNotFoundException' }, { applies: isNth });
      expect(await subscribe(ada, 'chat-1')).toMatchObject({
        type: 'error',
        error: 'Failed to change subscriptions',
        statusCode: 500,
        details: { name: 'ResourceNotFoundException' },
      });
      expect(await ada.subscription('chat-1')).toBeUndefined();
    });

    test('a connection may have 500 subscriptions; those it has may be made again', async () => {
      const ada = await personOnline('ada', ['many-0']);
      const Items = Array.from({ length: 499 }, (_row, index) => ({ chatId: { S: `other-${index}` } }));
      const held = { Items: [...Items, { chatId: { S: 'many-0' } }] };
      aws.fail('Query', { answer: held }, { applies: ({ IndexName }) => IndexName === 'byConnection' });
      expect(await subscribe(ada, 'many-1', 'many-0')).toMatchObject({
        chats: [{ chatId: 'many-0' }],
        refused: [{ chatId: 'many-1', error: 'Too many subscriptions: a connection may have 500.' }],
      });
    });
  });

  describe('unsubscribe', () => {
    test('removes the rows, and is content where there is none', async () => {
      const ada = await personOnline('ada', ['chat-1', 'ending']);
      expect(await unsubscribe(ada, 'chat-1', 'never', 'chat-1', 'no chat!')).toEqual({
        type: 'unsubscribed',
        chatIds: ['chat-1', 'never', 'no chat!'],
        ackId: 'a',
      });
      expect(await ada.subscription('chat-1')).toBeUndefined();
      expect(await ada.subscription('ending')).toBeDefined();
      expect(aws.actions).toEqual(['BatchGetItem', 'BatchWriteItem']);
    });

    test('what DynamoDB leaves unprocessed is removed again', async () => {
      const ada = await personOnline('ada', ['chat-1']);
      const again = { DeleteRequest: { Key: { chatId: { S: 'chat-1' }, subscriber: { S: ada.subscriber } } } };
      aws.fail('BatchWriteItem', { answer: { UnprocessedItems: { subscriptions_table: [again] } } }, { times: 1 });
      await unsubscribe(ada, 'chat-1');
      expect(await ada.subscription('chat-1')).toBeUndefined();
      aws.fail('BatchWriteItem', { answer: { UnprocessedItems: { subscriptions_table: [again] } } });
      expect(await unsubscribe(ada, 'chat-1')).toMatchObject({ details: { name: 'WritesIncomplete' } });
    });

    test('the own channel stays, and the answer does not name it', async () => {
      const ada = await personOnline('ada');
      expect(await unsubscribe(ada, 'ada')).toMatchObject({ chatIds: [] });
      expect(await ada.subscription('ada')).toBeDefined();
    });
  });

  describe.each(['subscribe', 'unsubscribe'])('%s', (action) => {
    test.each([
      ['no chatIds', {}, 'Missing required parameter: chatIds is required.'],
      ['one id', { chatIds: 'chat-1' }, 'Invalid chatIds: expected an array of 1-100 chat ids, got "chat-1".'],
      ['none', { chatIds: [] }, 'Invalid chatIds: expected an array of 1-100 chat ids, got an array.'],
      ['a number', { chatIds: [1] }, 'Invalid chatIds: expected an array of 1-100 chat ids, got 1.'],
      ['101', { chatIds: Array(101).fill('a') }, 'Invalid chatIds: expected an array of 1-100 chat ids, got an array.'],
    ])('with %s it is refused', async (_what, fields, error) => {
      expect(await answerOf(handler, { userId: 'ada' }, { action, ...fields })).toEqual({
        type: 'error',
        error,
        statusCode: 400,
      });
      expect(aws.actions).toEqual([]);
    });

    test('a token that has ended is refused, whatever the authorizer once said', async () => {
      const ada = await personOnline('ada', [], inSeconds(-1));
      const person = { ...ada, tokenExpiresAt: inSeconds(600) };
      expect(await answerOf(handler, person, { action, chatIds: ['chat-1'] })).toMatchObject({
        error: 'Unauthorized - token expired',
        statusCode: 401,
      });
      expect(await ada.subscription('chat-1')).toBeUndefined();
    });
  });

  test('other routes and other events are refused', async () => {
    const known = 'Known actions: sendMessage, subscribe, unsubscribe, replay, ping, authenticate, report.';
    expect(await answerOf(handler, { userId: 'ada' }, { action: 'replay', chatIds: ['chat-1'] })).toMatchObject({
      error: `Unknown action: "replay". ${known}`,
      statusCode: 400,
    });
    const closing = { ...socketClosing('connection-1'), body: '{"action":"subscribe"}' };
    const { body = '' } = await handler(closing, lambdaContext());
    expect(JSON.parse(body)).toMatchObject({ error: `Unknown action: "subscribe". ${known}` });
    const nobody = socketMessage({ userId: '' }, { action: 'subscribe', chatIds: ['chat-1'] }, 'subscribe');
    expect(JSON.parse((await handler(nobody, lambdaContext())).body ?? '')).toMatchObject({ statusCode: 401 });
    expect(aws.actions).toEqual([]);
  });
});
