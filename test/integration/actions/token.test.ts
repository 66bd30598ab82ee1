import { signIn } from '../../setup/sign-in.ts';
import type { TestSocket } from '../../setup/socket.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';

const ackId = expect.any(String);
const expired = { type: 'error', error: 'Unauthorized - token expired', statusCode: 401, ackId };

describe('the token of a live socket', () => {
  let stage: Stage;
  let tables: Tables;

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
    await stage.outside.grant('chat-t', ['bob', 'carol']);
  });
  afterAll(async () => {
    tables.close();
    await stage.close();
  });

  /** Opens a socket whose token ends at this second: as if it had been opened an hour before. */
  async function openWithTokenUntil(username: string, end: number): Promise<TestSocket> {
    const before = await stage.outside.connectionsOf(username);
    const socket = await stage.open(username, 'chat-t');
    const connectionId = (await stage.outside.connectionsOf(username)).find((id) => !before.includes(id));
    await tables.set('Connections', { connectionId }, { tokenExpiresAt: end });
    const rows = await stage.outside.rows('Subscriptions', { connectionId: connectionId ?? '' });
    for (const { chatId, subscriber } of rows) {
      await tables.set('Subscriptions', { chatId, subscriber }, { accessExpiresAt: end });
    }
    return socket;
  }

  const now = (): number => Math.floor(Date.now() / 1000);

  test('past its end nothing may be asked but authenticate, which heals all of it', async () => {
    const carol = await openWithTokenUntil('carol', now() - 1);
    const requests = [
      { action: 'subscribe', chatIds: ['chat-t'] },
      { action: 'unsubscribe', chatIds: ['chat-t'] },
      { action: 'replay', chatId: 'chat-t', fromSequence: 1 },
      { action: 'ping', positions: { 'chat-t': 0 } },
      {
        action: 'sendMessage',
        targetChannel: 'WebSocket',
        payload: { chatId: 'chat-t', eventType: 'chat', content: 'late' },
      },
    ];
    for (const request of requests) expect(await carol.request(request)).toEqual(expired);

    const { accessToken } = await signIn(stage.cloud.outputs, 'carol');
    const reply = await carol.request({ action: 'authenticate', token: accessToken });
    expect(reply).toEqual({ type: 'authenticated', tokenExpiresAt: expect.any(Number), ackId });
    expect(reply['tokenExpiresAt']).toBeGreaterThan(now() + 3000);
    for (const request of requests) expect((await carol.request(request))['type']).not.toBe('error');
  });

  test('messages stop at the second it ends, and flow again once it is renewed', async () => {
    const end = now() + 3;
    const carol = await openWithTokenUntil('carol', end);
    await stage.publish('Fifo', 'chat-t', ['before']);
    await carol.next(({ content }) => content === 'before');
    await until('the end of the token', () => now() >= end);
    const bob = await stage.open('bob', 'chat-t');
    await stage.publish('Fifo', 'chat-t', ['past it']);
    await bob.next(({ content }) => content === 'past it');

    const { idToken } = await signIn(stage.cloud.outputs, 'carol');
    expect(await carol.request({ action: 'authenticate', token: idToken })).toMatchObject({ type: 'authenticated' });
    expect(await carol.request({ action: 'ping', positions: { 'chat-t': 0 } })).toMatchObject({ notSubscribed: [] });
    await stage.publish('Fifo', 'chat-t', ['renewed']);
    await carol.next(({ content }) => content === 'renewed');
    expect(carol.messages('chat-t').map(({ content }) => content)).not.toContain('past it');
    const missed = await carol.request({ action: 'replay', chatId: 'chat-t', afterMessageId: '0'.repeat(26) });
    expect(JSON.stringify(missed['messages'])).toContain('past it');
  });

  test('renewal does not outlive a permission', async () => {
    const end = now() + 600;
    await stage.outside.grant('ending', ['carol'], { expiresAt: end });
    const carol = await stage.open('carol', 'ending');
    const { accessToken } = await signIn(stage.cloud.outputs, 'carol');
    await carol.request({ action: 'authenticate', token: accessToken });
    const rows = await stage.outside.rows('Subscriptions', { chatId: 'ending' });
    expect(rows.map(({ accessExpiresAt }) => accessExpiresAt)).toEqual([end]);
  });

  test('somebody else’s token, and one that is none, change nothing', async () => {
    const carol = await openWithTokenUntil('carol', now() - 1);
    const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
    expect(await carol.request({ action: 'authenticate', token: accessToken })).toEqual({
      type: 'error',
      error: 'Forbidden: The token belongs to another user.',
      statusCode: 403,
      ackId,
    });
    expect(await carol.request({ action: 'authenticate', token: `${accessToken}x` })).toEqual({
      type: 'error',
      error: 'Unauthorized - invalid token',
      statusCode: 401,
      ackId,
    });
    expect(await carol.request({ action: 'ping' })).toEqual(expired);
  });
});
