import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { EdgeControl } from '../../setup/edge-control.ts';
import { personNamed, signIn } from '../../setup/sign-in.ts';
import { ConnectionRefused, TestSocket } from '../../setup/socket.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { Forger } from './forged-tokens.ts';

const connectionsPerUser = 20;
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe('who may open a socket, and what opens with it', () => {
  let cloud: Cloud;
  let tables: Tables;
  let forger: Forger;
  let token: string;
  let bobId: string;
  const opened: TestSocket[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    tables = await Tables.of(cloud.outputs);
    token = (await signIn(cloud.outputs, 'bob')).accessToken;
    forger = Forger.of(cloud, 'bob', token);
    bobId = personNamed(cloud.outputs, 'bob').userId;
    await tables.put(
      'Permissions',
      { userId: bobId, chatId: 'ended', role: 'admin', expiresAt: inSeconds(-1) },
      ...['hub-1', 'org-1', 'project-1'].map((chatId) => ({ userId: bobId, chatId, role: 'viewer' })),
      ...Array.from({ length: 51 }, (_chat, index) => ({ userId: bobId, chatId: `many-${index}`, role: 'member' })),
    );
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((socket) => socket.close()));
  });

  afterAll(async () => {
    tables.close();
    await cloud.stop();
  });

  async function open(
    query: Record<string, string> = {},
    protocols: string[] = ['notification.v1', token],
    headers: Record<string, string> = {},
  ): Promise<TestSocket> {
    const socket = await TestSocket.open(cloud.outputs.webSocketUrl, query, protocols, headers);
    opened.push(socket);
    return socket;
  }

  async function subscribedTo(socket: TestSocket): Promise<string[]> {
    const [connection] = await tables.rows('Connections', 'userId', bobId, 'byUser');
    expect(socket.socket.readyState).toBe(socket.socket.OPEN);
    const rows = await tables.rows(
      'Subscriptions',
      'connectionId',
      String(connection?.['connectionId']),
      'byConnection',
    );
    return rows.map(({ chatId }) => String(chatId)).sort();
  }

  test('the token goes behind the subprotocol, and the server answers with the subprotocol alone', async () => {
    expect((await open()).socket.protocol).toBe('notification.v1');
  });

  test('the token may go in the query, with the subprotocol or without', async () => {
    expect((await open({ token }, ['notification.v1'])).socket.protocol).toBe('notification.v1');
    expect((await open({ token }, [])).socket.protocol).toBe('');
  });

  test('an id token is as good', async () => {
    const { idToken } = await signIn(cloud.outputs, 'bob');
    expect((await open({}, ['notification.v1', idToken])).socket.protocol).toBe('notification.v1');
  });

  test('the forger’s unchanged claims are good, so that it is the changes that are refused below', async () => {
    await open({ token: forger.signed() }, []);
  });

  describe('401', () => {
    const changed: [string, () => string][] = [
      ['no token', () => ''],
      ['no JWT', () => 'hello'],
      ['a token that has ended', () => forger.signed({ exp: inSeconds(-1) })],
      ['a token that is not valid yet', () => forger.signed({ nbf: inSeconds(600) })],
      ['a token without an end', () => forger.signed({ exp: undefined })],
      ['another issuer', () => forger.signed({ iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other' })],
      ['another client', () => forger.signed({ client_id: 'other' })],
      ['a token for another use', () => forger.signed({ token_use: 'refresh' })],
      ['an id token for another client', () => forger.signed({ token_use: 'id', aud: 'other' })],
      ['a token of the machines’ client', () => forger.signed({ client_id: cloud.outputs.machine?.clientId })],
      ['another key under the pool’s key id', () => forger.withForeignKey()],
      ['a key nobody knows', () => forger.signed({}, { kid: 'unknown' })],
      ['HS256 with the public key as its secret', () => forger.withPublicKeyAsSecret()],
      ['alg none', () => forger.withoutSignature()],
      ['claims that were changed', () => forger.changed(token, { sub: personNamed(cloud.outputs, 'ada').userId })],
      ['a signature cut short', () => token.slice(0, -10)],
      ['a good token grown over 8 KB', () => forger.signed({ padding: 'x'.repeat(5700) })],
    ];
    // An address that long is not taken by API Gateway.
    test.each(changed.filter(([what]) => !what.endsWith('8 KB')))('%s, in the query', async (_what, make) => {
      await expect(open({ token: make() }, [])).rejects.toThrow(new ConnectionRefused(401));
    });
    test.each(changed.filter(([what]) => what !== 'no token'))('%s, behind the subprotocol', async (_what, make) => {
      const offered = make();
      await expect(open({}, ['notification.v1', offered])).rejects.toThrow(new ConnectionRefused(401));
    });
    // API Gateway's own authorizer looks at neither token_use nor length, and machines may publish.
    const goodOverHttp = /another use|over 8 KB|of the machines/;
    test.each(changed.filter(([what]) => !goodOverHttp.test(what)))('%s, over HTTP', async (_what, make) => {
      const response = await fetch(new URL('publish', `${cloud.outputs.httpUrl}/`), {
        method: 'POST',
        headers: { authorization: `Bearer ${make()}` },
        body: '{}',
      });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ message: 'Unauthorized' });
    });
    test('a token behind another subprotocol is none', async () => {
      await expect(open({}, ['chat', token])).rejects.toThrow(new ConnectionRefused(401));
    });
  });

  describe('403', () => {
    const many = (count: number): string => Array.from({ length: count }, (_chat, index) => `many-${index}`).join(',');
    test.each<[string, () => Record<string, string>]>([
      ['somebody else’s userId', () => ({ userId: personNamed(cloud.outputs, 'carol').userId })],
      ['somebody else’s username', () => ({ userId: 'carol' })],
      ['a chat that exists, without a permission', () => ({ chatIds: personNamed(cloud.outputs, 'carol').userId })],
      ['a chat that does not exist', () => ({ chatIds: 'chat-never-made' })],
      ['one chat of two without a permission', () => ({ chatIds: 'chat-123,chat-9' })],
      ['a chat whose permission has ended', () => ({ chatIds: 'ended' })],
      ['a hub without a permission', () => ({ hubId: 'hub-9' })],
      ['an org without a permission', () => ({ orgId: 'org-9' })],
      ['a project without a permission', () => ({ projectId: 'project-9' })],
      ['something that can be no chat', () => ({ chatIds: 'a b' })],
      ['51 chats', () => ({ chatIds: many(51) })],
      ['50 chats and a hub', () => ({ chatIds: many(50), hubId: 'hub-1' })],
    ])('%s', async (_what, query) => {
      await expect(open(query())).rejects.toThrow(new ConnectionRefused(403));
      expect(await tables.rows('Subscriptions', 'chatId', 'many-0')).toEqual([]);
    });

    test('50 chats are not too many', async () => {
      expect(await subscribedTo(await open({ chatIds: many(50) }))).toHaveLength(51);
    });
  });

  test.each([
    ['websocket-authorizer', 'BatchGetItem'],
    ['connection', 'TransactWriteItems'],
  ])('500 when %s cannot ask DynamoDB: what is not checked does not open, and leaves no row', async (role, action) => {
    const edge = new EdgeControl(cloud.outputs);
    await edge.break({ service: 'dynamodb', action, role, fault: { error: 'InternalServerError', statusCode: 500 } });
    await expect(open({ chatIds: 'hub-1' })).rejects.toThrow(new ConnectionRefused(500));
    await edge.mend();
    expect(await tables.rows('Subscriptions', 'chatId', 'hub-1')).toEqual([]);
    expect(await tables.rows('Connections', 'userId', bobId, 'byUser')).toEqual([]);
  });

  test.each(['userId', 'username'])('the own %s may be named', async (name) => {
    await open({ userId: name === 'userId' ? bobId : 'bob' });
  });

  test('the earlier protocol’s parameters subscribe, beside the own channel', async () => {
    const socket = await open({
      userId: bobId,
      chatIds: 'chat-123,,chat-123',
      hubId: 'hub-1',
      orgId: 'org-1',
      projectId: 'project-1',
    });
    expect(await subscribedTo(socket)).toEqual([bobId, 'chat-123', 'hub-1', 'org-1', 'project-1'].sort());
  });

  test.each(['$disconnect', '$connect'])('a client that names %s as its action changes nothing', async (action) => {
    const socket = await open({ chatIds: 'chat-123' });
    const before = await subscribedTo(socket);
    socket.send({ action, ackId: 'forged' });
    // Neither route has a route response, so what they answer is not heard; a later message is.
    const reply = await socket.request({
      targetChannel: 'WebSocket',
      payload: { chatId: 'chat-123', eventType: 'chat', content: action },
    });
    await socket.next(({ type, messageId }) => type === undefined && messageId === reply['messageId'], 'own message');
    expect(await subscribedTo(socket)).toEqual(before);
    const rows = await tables.rows('Subscriptions', 'chatId', 'chat-123');
    expect(rows.map(({ userId }) => userId)).toEqual([bobId]);
    expect(await tables.rows('Connections', 'userId', bobId, 'byUser')).toHaveLength(1);
  });

  test(`429 for a connection more than ${connectionsPerUser}, until one of them closes`, async () => {
    for (let count = 0; count < connectionsPerUser; count += 1) await open();
    await expect(open()).rejects.toThrow(new ConnectionRefused(429));
    // Another user's connections are counted for themselves.
    await (await TestSocket.openAs(cloud.outputs, 'carol')).close();
    await opened.pop()?.close();
    await until('a place for one more', () =>
      open().then(
        () => true,
        () => false,
      ),
    );
  });
});
