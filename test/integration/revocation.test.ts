import { type Cloud, startCloud } from '../setup/cloud.ts';
import { EdgeControl } from '../setup/edge-control.ts';
import { Outside } from '../setup/outside.ts';
import { ConnectionRefused, type Frame, TestSocket } from '../setup/socket.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';
import { Api, fresh } from './graphql/api.ts';

const grant = 'mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { role } }';
const revoke = 'mutation($userId: ID!, $chatId: ID!) { revokePermission(userId: $userId, chatId: $chatId) { role } }';

/** A time as GraphQL takes it, so many seconds from now; whole seconds, as permissions end. */
function inSeconds(seconds: number): string {
  return new Date((Math.floor(Date.now() / 1000) + seconds) * 1000).toISOString();
}

describe('permissions that change while people are connected', () => {
  let cloud: Cloud;
  let api: Api;
  let tables: Tables;
  const sockets: TestSocket[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    api = new Api(cloud.outputs);
    tables = await Tables.of(cloud.outputs);
  });
  afterEach(async () => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
  });
  afterAll(async () => {
    tables.close();
    await cloud.stop();
  });

  async function open(username: string, ...chatIds: string[]): Promise<TestSocket> {
    const socket = await TestSocket.openAs(cloud.outputs, username, ...chatIds);
    sockets.push(socket);
    return socket;
  }

  const grantTo = (username: string, chatId: string, more: { role?: string; expiresAt?: string } = {}) =>
    api.data('ada', grant, { input: { userId: api.userId(username), chatId, role: 'member', ...more } });

  const revokeFrom = (username: string, chatId: string) =>
    api.data('ada', revoke, { userId: api.userId(username), chatId });

  /** A chat of ada's that these people are members of. */
  async function chatOf(...usernames: string[]): Promise<string> {
    const chatId = fresh('chat');
    await api.createChat('ada', chatId);
    await Promise.all(usernames.map((username) => grantTo(username, chatId)));
    return chatId;
  }

  const say = (by: TestSocket, chatId: string, content: string): Promise<Frame> =>
    by.request({
      action: 'sendMessage',
      targetChannel: 'WebSocket',
      messageType: 'fifo',
      payload: { chatId, eventType: 'chat', content },
    });

  const hears = (socket: TestSocket, content: string): Promise<Frame> =>
    socket.next((frame) => frame['content'] === content, content);

  const isToldOf = (socket: TestSocket, chatId: string, timeoutMs?: number): Promise<Frame> =>
    socket.next(
      ({ type, chatId: named }) => type === 'subscription.revoked' && named === chatId,
      'word of the revocation',
      timeoutMs,
    );

  const contents = (socket: TestSocket, chatId: string): unknown[] =>
    socket.messages(chatId).map(({ content }) => content);

  const subscriptions = async (username: string, chatId: string): Promise<Record<string, unknown>[]> =>
    (await tables.rows('Subscriptions', 'chatId', chatId)).filter(({ userId }) => userId === api.userId(username));

  test('whom a chat admin grants may connect and send at once', async () => {
    const chatId = await chatOf('bob');
    const bob = await open('bob', chatId);
    await expect(TestSocket.openAs(cloud.outputs, 'carol', chatId)).rejects.toThrow(new ConnectionRefused(403));
    await grantTo('carol', chatId);
    const carol = await open('carol', chatId);
    expect(await say(carol, chatId, 'here I am')).toMatchObject({ type: 'reply' });
    await hears(bob, 'here I am');
  });

  test('a revocation silences all sockets of that person in that chat, tells them, and disturbs nobody else', async () => {
    const [chatId, other] = await Promise.all([chatOf('bob', 'carol'), chatOf('bob', 'carol')]);
    const [first, second, carol] = await Promise.all([
      open('bob', chatId, other),
      open('bob', chatId),
      open('carol', chatId, other),
    ]);
    await say(carol, chatId, 'before');
    await Promise.all([first, second].map((socket) => hears(socket, 'before')));

    await revokeFrom('bob', chatId);
    for (const socket of [first, second]) {
      expect(await isToldOf(socket, chatId)).toEqual({ type: 'subscription.revoked', chatId, reason: 'revoked' });
    }
    expect(await subscriptions('bob', chatId)).toEqual([]);
    await say(carol, chatId, 'after');
    await hears(carol, 'after');
    await say(carol, other, 'elsewhere');
    await hears(first, 'elsewhere');
    await say(carol, api.userId('carol'), 'to myself');
    expect(contents(first, chatId)).toEqual(['before']);
    expect(contents(second, chatId)).toEqual(['before']);
    expect(await say(first, chatId, 'may I?')).toMatchObject({ type: 'error', statusCode: 403 });
    expect(await say(first, other, 'here I may')).toMatchObject({ type: 'reply' });
    await hears(carol, 'here I may');
    expect(carol.frames.filter(({ type }) => type === 'subscription.revoked')).toEqual([]);
    // The own channel rests on no permission.
    expect(await say(first, api.userId('bob'), 'a note to myself')).toMatchObject({ type: 'reply' });
    await Promise.all([first, second].map((socket) => hears(socket, 'a note to myself')));
  });

  test('an expiring permission falls silent at its second, with nobody acting', async () => {
    const chatId = await chatOf('carol');
    const expiresAt = inSeconds(10);
    await grantTo('bob', chatId, { expiresAt });
    const [bob, carol] = await Promise.all([open('bob', chatId), open('carol', chatId)]);
    await say(carol, chatId, 'in time');
    await hears(bob, 'in time');
    await until('the permission to end', () => Date.now() >= Date.parse(expiresAt));
    await say(carol, chatId, 'too late');
    await hears(carol, 'too late');
    expect(await say(bob, chatId, 'still there?')).toMatchObject({ type: 'error', statusCode: 403 });
    // DynamoDB's deletion of the row at last tells the socket: days later on AWS, and here when the machine has time for it.
    expect(await isToldOf(bob, chatId, 100_000)).toMatchObject({ reason: 'expired' });
    expect(contents(bob, chatId)).toEqual(['in time']);
  }, 120_000);

  test('a permission that is shortened, then given for good, moves the end of subscriptions', async () => {
    const chatId = await chatOf('bob', 'carol');
    await Promise.all([open('bob', chatId), open('bob', chatId), open('carol', chatId)]);
    const [before] = await subscriptions('bob', chatId);
    const untouched = await subscriptions('carol', chatId);
    const ends = async (): Promise<Set<unknown>> =>
      new Set((await subscriptions('bob', chatId)).map(({ accessExpiresAt }) => accessExpiresAt));

    const expiresAt = inSeconds(600);
    await grantTo('bob', chatId, { expiresAt });
    await until('the shorter end', async () => {
      const now = await ends();
      return now.size === 1 && now.has(Date.parse(expiresAt) / 1000);
    });
    await grantTo('bob', chatId);
    await until('the end of the token', async () => {
      const now = await ends();
      return !now.has(Date.parse(expiresAt) / 1000) && now.has(before?.['accessExpiresAt']);
    });
    expect(await subscriptions('carol', chatId)).toEqual(untouched);
  });

  test('a promotion and a demotion disturb nobody', async () => {
    const chatId = await chatOf('bob', 'carol');
    const [bob, carol] = await Promise.all([open('bob', chatId), open('carol', chatId)]);
    const before = await subscriptions('bob', chatId);
    await grantTo('bob', chatId, { role: 'admin' });
    await grantTo('bob', chatId, { role: 'viewer' });
    // Its own record comes after theirs: once carol is told, they have been dealt with.
    await revokeFrom('carol', chatId);
    await isToldOf(carol, chatId);
    expect(await subscriptions('bob', chatId)).toEqual(before);
    expect(bob.frames).toEqual([]);
    expect(await say(bob, chatId, 'only listening now')).toMatchObject({ statusCode: 403 });
  });

  test('revoked while connecting: refused or let go again, but never left listening', async () => {
    const chatId = await chatOf('carol');
    for (let attempt = 0; attempt < 15; attempt += 1) {
      await grantTo('bob', chatId);
      const opening = TestSocket.openAs(cloud.outputs, 'bob', chatId);
      opening.catch(() => undefined);
      // Nothing to wait for: each attempt revokes a little further into the connecting.
      await new Promise((resolve) => setTimeout(resolve, attempt * 3));
      await revokeFrom('bob', chatId);
      const [socket] = await Promise.allSettled([opening]);
      await until('no live subscription', async () => (await subscriptions('bob', chatId)).length === 0);
      if (socket.status === 'fulfilled') await socket.value.close();
      else expect(socket.reason).toEqual(new ConnectionRefused(403));
    }
  });

  test('a revocation that cannot be carried out is noted, and holds up no other', async () => {
    const [stuck, free] = await Promise.all([chatOf('bob'), chatOf('carol')]);
    const [bob, carol] = await Promise.all([open('bob', stuck), open('carol', free)]);
    const edge = new EdgeControl(cloud.outputs);
    const query = { role: 'permission-stream', service: 'dynamodb', action: 'Query' };
    await edge.break({ ...query, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    await revokeFrom('bob', stuck);
    const note = await noteOfFailure();
    expect(note).toMatchObject({
      requestContext: {
        condition: 'RetryAttemptsExhausted',
        functionArn: expect.stringContaining('permission-stream'),
      },
      DDBStreamBatchInfo: { batchSize: 1, streamArn: expect.stringContaining('/stream/') },
    });
    await edge.mend();
    await revokeFrom('carol', free);
    await isToldOf(carol, free);
    expect(await say(bob, stuck, 'a word?')).toMatchObject({ statusCode: 403 });
  });

  /** What is told of the failure, where operators look. */
  async function noteOfFailure(): Promise<unknown> {
    const outside = new Outside(cloud.outputs);
    try {
      return await until('a note of the failure', async () => {
        const [letter] = await outside.letters('permission-stream');
        return letter && (JSON.parse(String(letter['body'])) as unknown);
      });
    } finally {
      outside.close();
    }
  }

  test('granted again right after: who subscribes then stays subscribed', async () => {
    const chatId = await chatOf('bob', 'carol');
    const [bob, carol] = await Promise.all([open('bob', chatId), open('carol', chatId)]);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await revokeFrom('bob', chatId);
      await grantTo('bob', chatId);
      const later = await open('bob', chatId);
      // Told or not: whatever the late record of the revocation does, it is over when carol's own has come.
      await grantTo('vera', chatId);
      const vera = await open('vera', chatId);
      await revokeFrom('vera', chatId);
      await isToldOf(vera, chatId);
      await say(carol, chatId, `again ${attempt}`);
      await hears(later, `again ${attempt}`);
      expect(later.frames.filter(({ type }) => type === 'subscription.revoked')).toEqual([]);
      await later.close();
      await bob.request({ action: 'subscribe', chatIds: [chatId] });
    }
  });
});
