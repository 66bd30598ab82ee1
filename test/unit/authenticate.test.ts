import './support/quiet.ts';
import type { handler as authenticate } from '../../functions/authenticate/handler.ts';
import { answerOf as answer } from './support/answer.ts';
import { Aws } from './support/aws.ts';
import { inSeconds, type Person } from './support/events.ts';
import { personOnline } from './support/person.ts';
import { table } from './support/tables.ts';
import { TokenIssuer } from './support/tokens.ts';

const sub = 'sub-of-ada';

describe('the authenticate function', () => {
  let aws: Aws;
  let issuer: TokenIssuer;
  let handler: typeof authenticate;

  beforeAll(async () => {
    issuer = new TokenIssuer();
    aws = await Aws.start();
    aws.jwks = issuer.jwks;
    await table('PERMISSIONS_TABLE').put(
      { userId: sub, chatId: 'chat-1', role: 'viewer' },
      { userId: sub, chatId: 'ending', role: 'member', expiresAt: inSeconds(1800) },
      { userId: sub, chatId: 'ended', role: 'member', expiresAt: inSeconds(-1) },
    );
    // Loaded only now, since the token verifier takes node:https as it finds it.
    ({ handler } = await import('../../functions/authenticate/handler.ts'));
    await send(await personOnline(sub), issuer.access());
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  const send = (person: Person, token: unknown) => answer(handler, person, { action: 'authenticate', token, ackId: 9 });

  async function ends(person: Awaited<ReturnType<typeof personOnline>>, ...chatIds: string[]): Promise<unknown[]> {
    const { connectionId } = person;
    const connection = await table('CONNECTIONS_TABLE').get({ connectionId });
    const rows = await Promise.all(chatIds.map((chatId) => person.subscription(chatId)));
    return [connection?.['tokenExpiresAt'], ...rows.map((row) => row?.['accessExpiresAt'])];
  }

  test.each(['access', 'id'] as const)(
    'an %s token lengthens the connection and its subscriptions, none past its permission',
    async (use) => {
      const soon = inSeconds(-5);
      const exp = inSeconds(3000);
      const ada = await personOnline(sub, ['chat-1', 'ending', 'ended', 'revoked'], soon);
      expect(await send(ada, issuer[use]({ exp }))).toEqual({ type: 'authenticated', tokenExpiresAt: exp, ackId: 9 });
      expect(await ends(ada, sub, 'chat-1', 'ending', 'ended', 'revoked')).toEqual([
        exp,
        exp,
        exp,
        expect.closeTo(inSeconds(1800), -1),
        soon,
        soon,
      ]);
      // The connection; the index; what the subscriptions rest on; all of them, checked and written together.
      expect(aws.actions).toEqual(['UpdateItem', 'Query', 'BatchGetItem', 'TransactWriteItems']);
    },
  );

  test('an older token that comes late does not shorten access', async () => {
    const ada = await personOnline(sub, ['chat-1'], inSeconds(7000));
    const end = ada.tokenExpiresAt;
    expect(await send(ada, issuer.access({ exp: inSeconds(60) }))).toMatchObject({ tokenExpiresAt: end });
    expect(await ends(ada, 'chat-1')).toEqual([end, end]);
  });

  test('a permission that is shortened or taken away meanwhile is not written over', async () => {
    const shortened = { userId: sub, chatId: 'shortened', role: 'member', expiresAt: inSeconds(30) };
    await table('PERMISSIONS_TABLE').put(
      { userId: sub, chatId: 'shortened', role: 'member' },
      { userId: sub, chatId: 'fleeting', role: 'member' },
    );
    const ada = await personOnline(sub, ['shortened', 'fleeting', 'unsubscribed'], inSeconds(60));
    const meanwhile = async (): Promise<void> => {
      await table('PERMISSIONS_TABLE').put(shortened);
      await table('PERMISSIONS_TABLE').delete({ userId: sub, chatId: 'fleeting' });
    };
    aws.fail('TransactWriteItems', { meanwhile }, { times: 1 });
    expect(await send(ada, issuer.access())).toMatchObject({ type: 'authenticated' });
    // Without a permission the row keeps its end, until the stream of permissions removes it.
    expect((await ends(ada, 'shortened', 'fleeting')).slice(1)).toEqual([shortened.expiresAt, ada.tokenExpiresAt]);
  });

  test('a function that dies right after a permission was shortened leaves no end past it', async () => {
    const shortened = { userId: sub, chatId: 'cut-short', role: 'member', expiresAt: inSeconds(30) };
    await table('PERMISSIONS_TABLE').put({ userId: sub, chatId: 'cut-short', role: 'member' });
    const ada = await personOnline(sub, ['cut-short'], inSeconds(20));
    const meanwhile = (): Promise<void> => table('PERMISSIONS_TABLE').put(shortened);
    aws.fail('TransactWriteItems', { meanwhile }, { times: 1 });
    // From its second look on, nothing of it comes through any more.
    aws.fail(
      'BatchGetItem',
      { error: 'AccessDeniedException' },
      { applies: () => aws.actions.includes('TransactWriteItems') },
    );
    expect(await send(ada, issuer.access())).toMatchObject({ statusCode: 500 });
    expect((await ends(ada, 'cut-short'))[1]).toBe(ada.tokenExpiresAt);
  });

  test('a longer token that is renewed with at the same time is not written over', async () => {
    const ada = await personOnline(sub, ['chat-1'], inSeconds(60));
    const [short, long] = [inSeconds(1000), inSeconds(3000)];
    aws.fail('TransactWriteItems', { meanwhile: () => send(ada, issuer.access({ exp: long })) }, { times: 1 });
    await send(ada, issuer.access({ exp: short }));
    expect(await ends(ada, sub, 'chat-1')).toEqual([long, long, long]);
  });

  test('hundreds of subscriptions are extended in few transactions', async () => {
    const chatIds = Array.from({ length: 120 }, (_, index) => `many-${index}`);
    await table('PERMISSIONS_TABLE').put(...chatIds.map((chatId) => ({ userId: sub, chatId, role: 'member' })));
    const ada = await personOnline(sub, chatIds, inSeconds(60));
    const exp = inSeconds(3000);
    await send(ada, issuer.access({ exp }));
    expect(new Set(await ends(ada, sub, ...chatIds))).toEqual(new Set([exp]));
    expect(aws.inputs('TransactWriteItems')).toHaveLength(3);
  });

  test('a subscription that ends meanwhile stays ended', async () => {
    const ada = await personOnline(sub, ['chat-1'], inSeconds(60));
    const { subscriber } = ada;
    const meanwhile = (): Promise<void> => table('SUBSCRIPTIONS_TABLE').delete({ chatId: 'chat-1', subscriber });
    aws.fail('BatchGetItem', { meanwhile }, { times: 1 });
    expect(await send(ada, issuer.access())).toMatchObject({ type: 'authenticated' });
    expect(await ada.subscription('chat-1')).toBeUndefined();
  });

  test.each([
    ['nonsense', () => 'a.b.c'],
    ['one that has ended', () => issuer.access({ exp: inSeconds(-1) })],
    ['one of another app client', () => issuer.access({ client_id: 'another' })],
  ])('a token that is not good is refused: %s', async (_which, token) => {
    const ada = await personOnline(sub, [], inSeconds(60));
    const reply = await send(ada, token());
    expect(reply).toEqual({ type: 'error', error: 'Unauthorized - invalid token', statusCode: 401, ackId: 9 });
    expect(aws.actions).toEqual([]);
  });

  test('somebody else’s token is refused', async () => {
    const bob = await personOnline('sub-of-bob', [], inSeconds(60));
    expect(await send(bob, issuer.access())).toEqual({
      type: 'error',
      error: 'Forbidden: The token belongs to another user.',
      statusCode: 403,
      ackId: 9,
    });
    expect(aws.actions).toEqual([]);
  });

  test('a connection that is gone, or is another user’s, is not brought back', async () => {
    const gone = { error: 'Gone: this connection is closed; open a new one.', statusCode: 410 };
    expect(await send({ userId: sub, connectionId: 'closed' }, issuer.access())).toMatchObject(gone);
    expect(await table('CONNECTIONS_TABLE').get({ connectionId: 'closed' })).toBeUndefined();
    const { connectionId } = await personOnline('sub-of-bob');
    expect(await send({ userId: sub, connectionId }, issuer.access())).toMatchObject(gone);
  });

  test.each([
    [undefined, 'Missing required parameter: token is required.'],
    [7, 'Invalid token: expected a string.'],
    ['', 'Invalid token: expected a string that is not empty.'],
  ])('token %j', async (token, error) => {
    expect(await send({ userId: sub }, token)).toMatchObject({ error, statusCode: 400 });
  });

  test('a failure of AWS is told as one, and the connection has the new token', async () => {
    const ada = await personOnline(sub, [], inSeconds(60));
    aws.fail('Query', { error: 'ResourceNotFoundException' });
    const exp = inSeconds(3000);
    expect(await send(ada, issuer.access({ exp }))).toMatchObject({ error: 'Failed to authenticate', statusCode: 500 });
    aws.reset();
    expect(await send(ada, issuer.access({ exp }))).toMatchObject({ type: 'authenticated', tokenExpiresAt: exp });
    expect(await ends(ada, sub)).toEqual([exp, exp]);
  });
});
