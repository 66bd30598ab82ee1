import { type Cloud, startCloud } from '../setup/cloud.ts';
import { EdgeControl } from '../setup/edge-control.ts';
import { ConnectionRefused, TestSocket } from '../setup/socket.ts';
import { Tables } from '../setup/tables.ts';
import { Api, fresh } from './graphql/api.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const forbidden = { error: 'Forbidden: you do not have the permission this needs.' };

describe('/permissions', () => {
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

  async function ask(
    username: string,
    method: 'GET' | 'POST' | 'DELETE',
    { query = {}, body }: { query?: Record<string, string>; body?: unknown } = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const url = new URL(`permissions?${new URLSearchParams(query).toString()}`, `${cloud.outputs.httpUrl}/`);
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${await api.token(username)}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const grant = (by: string, to: string, chatId: string, more: object = {}) =>
    ask(by, 'POST', { body: { targetUserId: api.userId(to), chatId, ...more } });
  const revoke = (by: string, from: string, chatId: string) =>
    ask(by, 'DELETE', { query: { userId: api.userId(from), chatId } });
  const adminCount = async (chatId: string): Promise<unknown> =>
    (await tables.rows('Chats', 'chatId', chatId))[0]?.['adminCount'];

  async function chatBy(username: string): Promise<string> {
    const chatId = fresh('chat');
    await api.createChat(username, chatId);
    return chatId;
  }

  test('a chat admin grants, the permission is listed and opens the chat, and goes when revoked', async () => {
    const chatId = await chatBy('bob');
    const expiresAt = '2100-01-01T00:00:00.000Z';
    const permission = {
      userId: api.userId('carol'),
      chatId,
      role: 'viewer',
      grantedBy: api.userId('bob'),
      grantedAt: expect.stringMatching(isoTime) as string,
      expiresAt,
    };
    expect(await grant('bob', 'carol', chatId, { role: 'viewer', expiresAt })).toEqual({
      status: 201,
      body: permission,
    });
    const listed = await ask('carol', 'GET', { query: { userId: api.userId('carol') } });
    const { permissions, count } = listed.body as { permissions: object[]; count: number };
    expect(listed).toMatchObject({ status: 200, body: { userId: api.userId('carol') } });
    expect(permissions).toContainEqual(permission);
    expect(count).toBe(permissions.length);

    const socket = await TestSocket.openAs(cloud.outputs, 'carol', chatId);
    expect(await revoke('bob', 'carol', chatId)).toEqual({ status: 200, body: permission });
    await socket.next(({ type }) => type === 'subscription.revoked');
    await socket.close();
    await expect(TestSocket.openAs(cloud.outputs, 'carol', chatId)).rejects.toThrow(new ConnectionRefused(403));
  });

  test('without a role a member is made, and both ways in count the same admins', async () => {
    const chatId = await chatBy('bob');
    expect(await grant('bob', 'carol', chatId)).toMatchObject({ status: 201, body: { role: 'member' } });
    expect(await adminCount(chatId)).toBe(1);
    await grant('bob', 'carol', chatId, { role: 'admin' });
    expect(await adminCount(chatId)).toBe(2);
    await api.grant('carol', { userId: api.userId('vera'), chatId, role: 'admin' });
    expect(await adminCount(chatId)).toBe(3);
    await revoke('carol', 'bob', chatId);
    expect(await adminCount(chatId)).toBe(2);
  });

  test('the last admin stays, also when two leave at once', async () => {
    const chatId = await chatBy('bob');
    const conflict = { status: 409, body: { error: 'The last admin of a chat cannot be removed or lowered.' } };
    expect(await revoke('ada', 'bob', chatId)).toEqual(conflict);
    expect(await grant('bob', 'bob', chatId, { role: 'member' })).toEqual(conflict);
    await grant('bob', 'carol', chatId, { role: 'admin' });
    const left = await Promise.all([revoke('bob', 'bob', chatId), revoke('carol', 'carol', chatId)]);
    expect(left.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await adminCount(chatId)).toBe(1);
  });

  test('anyone may leave a chat, whoever put them there', async () => {
    const chatId = await chatBy('bob');
    await grant('bob', 'vera', chatId, { role: 'viewer' });
    expect(await revoke('vera', 'vera', chatId)).toMatchObject({ status: 200, body: { role: 'viewer' } });
    const gone = { status: 404, body: { error: 'There is no such permission.' } };
    expect(await revoke('vera', 'vera', chatId)).toEqual(gone);
    expect(await revoke('vera', 'vera', fresh('nowhere'))).toEqual(gone);
    expect((await revoke('bob', 'bob', chatId)).status).toBe(409);
    expect(await adminCount(chatId)).toBe(1);
  });

  test('permissions come in pages, none twice and none missing, however many there are', async () => {
    const userId = api.userId('olga');
    const expired = Math.floor(Date.now() / 1000) - 1;
    for (let index = 0; index < 7; index += 1) {
      const row = { userId, chatId: fresh('page'), role: 'member', grantedBy: 'x', grantedAt: 'x' };
      await tables.put('Permissions', { ...row, ...(index === 3 && { expiresAt: expired }) });
    }
    const list = async (query: Record<string, string> = {}) => {
      const { status, body } = await ask('olga', 'GET', { query: { userId, ...query } });
      expect(status).toBe(200);
      return body as { permissions: { chatId: string }[]; count: number; nextToken?: string };
    };
    const all = await list();
    expect(all).toMatchObject({ userId, count: all.permissions.length });
    expect(all).not.toHaveProperty('nextToken');
    expect(all.count).toBeGreaterThanOrEqual(6);

    const paged: object[] = [];
    let nextToken: string | undefined;
    do {
      const page = await list({ limit: '2', ...(nextToken !== undefined && { nextToken }) });
      expect(page.count).toBeLessThanOrEqual(2);
      paged.push(...page.permissions);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(paged).toEqual(all.permissions);
  });

  test('a page token of another list, a broken one, and limits there are not, are refused', async () => {
    for (const chatId of [fresh('token'), fresh('token')]) await api.createChat('bob', chatId);
    const userId = api.userId('bob');
    const { body } = await ask('bob', 'GET', { query: { userId, limit: '1' } });
    const nextToken = String(body['nextToken']);
    const of = (username: string, query: Record<string, string>) =>
      ask('ada', 'GET', { query: { userId: api.userId(username), ...query } });
    expect((await of('bob', { nextToken })).status).toBe(200);
    const refused = { status: 400, body: { error: 'Invalid nextToken: it is not one this list gave out.' } };
    for (const token of [nextToken.slice(1), `${nextToken}A`, 'eyJ9', 'e30']) {
      expect(await of('bob', { nextToken: token })).toEqual(refused);
    }
    expect(await of('carol', { nextToken })).toEqual(refused);
    for (const limit of ['0', '1001', '-1', '1.5', 'all']) expect((await of('bob', { limit })).status).toBe(400);
    expect((await ask('mallory', 'GET', { query: { userId, nextToken } })).status).toBe(403);
  });

  test('who may not is told the same whether the chat exists or not', async () => {
    const chatId = await chatBy('bob');
    await grant('bob', 'carol', chatId);
    for (const answer of [
      await grant('carol', 'vera', chatId),
      await grant('mallory', 'mallory', chatId, { role: 'admin' }),
      await grant('mallory', 'mallory', fresh('nowhere')),
      await revoke('mallory', 'carol', chatId),
      await ask('mallory', 'GET', { query: { userId: api.userId('bob') } }),
    ]) {
      expect(answer).toEqual({ status: 403, body: forbidden });
    }
  });

  test('the group admins may everything, and everyone is admin of the chat of their own name', async () => {
    const chatId = await chatBy('bob');
    expect((await grant('ada', 'vera', chatId)).status).toBe(201);
    expect((await ask('ada', 'GET', { query: { userId: api.userId('vera') } })).status).toBe(200);
    expect((await grant('bob', 'carol', api.userId('bob'), { role: 'viewer' })).status).toBe(201);
    expect((await revoke('bob', 'carol', api.userId('bob'))).status).toBe(200);
  });

  test('an expired permission is none', async () => {
    const chatId = await chatBy('bob');
    await tables.put('Permissions', {
      ...{ userId: api.userId('carol'), chatId, role: 'admin', grantedBy: 'x', grantedAt: 'x' },
      expiresAt: Math.floor(Date.now() / 1000) - 1,
    });
    expect((await grant('carol', 'vera', chatId)).status).toBe(403);
    const { body } = await ask('carol', 'GET', { query: { userId: api.userId('carol') } });
    expect(JSON.stringify(body)).not.toContain(chatId);
    expect(await revoke('ada', 'carol', chatId)).toEqual({
      status: 404,
      body: { error: 'There is no such permission.' },
    });
  });

  test.each([
    ['no chat', { targetUserId: 'dora' }, 'Missing required parameter: chatId is required.'],
    ['no person', { chatId: 'c' }, 'Missing required parameter: targetUserId is required.'],
    [
      'a role there is not',
      { targetUserId: 'dora', chatId: 'c', role: 'owner' },
      'Invalid role: expected admin, member or viewer, got "owner".',
    ],
    [
      'a name with other characters',
      { targetUserId: 'dora', chatId: 'c d' },
      'Invalid chatId: expected 1 to 128 characters of A-Z a-z 0-9 - _ . : @',
    ],
    [
      'an admin who lapses',
      { targetUserId: 'dora', chatId: 'c', role: 'admin', expiresAt: '2100-01-01T00:00:00Z' },
      'Invalid expiresAt: an admin permission does not end by itself',
    ],
    [
      'an end that is no time to JavaScript',
      { targetUserId: 'dora', chatId: 'c', expiresAt: '2100-01-01T00:00:00+05' },
      'Invalid expiresAt: expected a time in ISO 8601, got "2100-01-01T00:00:00+05".',
    ],
    [
      'an end that has passed',
      { targetUserId: 'dora', chatId: 'c', expiresAt: '2020-01-01T00:00:00Z' },
      'Invalid expiresAt: it is not in the future',
    ],
  ])('refuses %s', async (_, body, error) => {
    expect(await ask('ada', 'POST', { body })).toEqual({ status: 400, body: { error } });
  });

  test('refuses what is no JSON, a DELETE and a GET that name nobody, and a request without a token', async () => {
    expect(await ask('ada', 'POST', { body: [1] })).toEqual({ status: 400, body: { error: 'Request body not json' } });
    expect((await ask('ada', 'DELETE', { query: { userId: 'dora' } })).status).toBe(400);
    expect((await ask('ada', 'DELETE', { query: { userId: 'dora', chatId: 'c d' } })).status).toBe(400);
    expect((await ask('ada', 'GET')).status).toBe(400);
    const response = await fetch(new URL('permissions', `${cloud.outputs.httpUrl}/`), { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
  });

  test('a failure of AWS is told by its name alone, and a lost answer does not grant twice', async () => {
    const edge = new EdgeControl(cloud.outputs);
    const chatId = await chatBy('bob');
    const writes = { service: 'dynamodb', action: 'TransactWriteItems', role: 'permissions-http' };
    await edge.break({ ...writes, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    expect(await grant('bob', 'carol', chatId, { role: 'admin' })).toEqual({
      status: 500,
      body: {
        error: 'Failed to grant permission',
        details: { name: 'AccessDeniedException', requestId: expect.any(String) as string },
      },
    });
    await edge.mend();
    await edge.break({ ...writes, times: 1, fault: { dropReply: true } });
    expect((await grant('bob', 'carol', chatId, { role: 'admin' })).status).toBe(201);
    await edge.mend();
    expect(await adminCount(chatId)).toBe(2);
  });
});
