import { type Attack, overGraphql, overHttp, overWebSocket } from './attack.ts';
import type { Scene } from './scene.ts';

const forbidden = { status: 403, body: '{"message":"Forbidden"}' };
const badRequest = { status: 400 };
const notFound = { status: 404 };

/** A request to publish in a chat the sender is no member of, in raw lines. */
async function stranger(scene: Scene, headers: string[], line = 'POST /publish') {
  const body = JSON.stringify(scene.message());
  const authorization = `authorization: Bearer ${await scene.token('mallory')}`;
  return scene.raw(line, [authorization, `content-length: ${Buffer.byteLength(body)}`, ...headers], body);
}

const someoneElse = (scene: Scene): string => encodeURIComponent(scene.userId('bob'));

const queries: [what: string, query: (scene: Scene) => string][] = [
  ['somebody else’s userId, one’s own before it', (scene) => `?userId=mallory&userId=${someoneElse(scene)}`],
  ['a userId with a NUL behind it', () => '?userId=mallory%00'],
  ['a userId with a line break and a header', () => '?userId=mallory%0d%0ax-user:%20bob'],
  ['two userIds in one', () => '?userId=mallory%2Cbob'],
  ['a chat of others behind an encoded comma', (scene) => `?chatIds=${scene.userId('mallory')}%2Cvault`],
  ['a chat of others in a parameter that comes twice', (scene) => `?chatIds=${scene.userId('mallory')}&chatIds=vault`],
  ['a chat of others as a hub that comes twice', () => '?hubId=&hubId=vault'],
  ['a chat with an encoded separator', () => '?chatIds=vault%23a'],
  ['a chat with a NUL', () => '?chatIds=vault%00'],
  ['a chat with a right-to-left mark', () => '?chatIds=%E2%80%8Fvault'],
  ['a chat in bytes that are no UTF-8', () => '?chatIds=%ff%fe'],
  ['a chat encoded twice', () => '?chatIds=%2576ault'],
  ['a chat called __proto__', () => '?chatIds=__proto__'],
];

const handshakes: [what: string, change: (lines: string[]) => string[], status: number][] = [
  ['an upgrade to another protocol', (lines) => swap(lines, 'upgrade', 'h2c'), 400],
  ['a POST', (lines) => lines.map((line) => line.replace(/^GET/, 'POST')), 400],
  ['a version of long ago', (lines) => swap(lines, 'sec-websocket-version', '8'), 400],
  ['a key that is none', (lines) => swap(lines, 'sec-websocket-key', 'AAAA'), 400],
  ['no key', (lines) => lines.filter((line) => !line.startsWith('sec-websocket-key')), 400],
  ['a subprotocol that comes twice', (lines) => [...lines, 'sec-websocket-protocol: notification.v1'], 400],
  ['another path', (lines) => lines.map((line) => line.replace('/dvl', '/publish')), 403],
  ['another host before the path', (lines) => lines.map((line) => line.replace('/dvl', '//evil.example/dvl')), 403],
  ['a whole address', (lines) => lines.map((line) => line.replace('/dvl', 'http://evil.example/dvl')), 403],
  ['a Host of another', (lines) => swap(lines, 'host', 'evil.example'), 403],
];

function swap(lines: string[], name: string, value: string): string[] {
  return lines.map((line) => (line.startsWith(`${name}:`) ? `${name}: ${value}` : line));
}

const paths = ['//publish', '/publish/', '/./publish', '/x/../publish', '/%70ublish', '/publish%00', '/PUBLISH'];
const methods = ['GET', 'PUT', 'PATCH', 'HEAD', 'TRACE', 'DELETE'];

/** Requests of which a careless reader sees another: of another sender, for another address, or two in one. */
export const smugglingAttacks: Attack[] = [
  ...queries.map(([what, query]) => overWebSocket(what, (scene) => scene.connect(query(scene)), forbidden)),
  ...handshakes.map(([what, change, status]) =>
    overWebSocket(
      `a handshake that is none: ${what}`,
      async (scene) => {
        const offered = `sec-websocket-protocol: notification.v1, ${await scene.token('mallory')}`;
        return scene.handshake('/dvl', [offered], change);
      },
      { status, answers: 1 },
    ),
  ),
  ...['a\nx-user: bob', 'a\rx-user: bob', 'a\0b'].map((value) =>
    overWebSocket(
      `a header value with a control character: ${JSON.stringify(value)}`,
      (scene) => scene.connect('', [`x-sample: ${value}`]),
      badRequest,
    ),
  ),
  overWebSocket('a page of another origin', (scene) => scene.connect('', ['origin: https://evil.example']), forbidden),
  overWebSocket(
    'a page of another origin, which names a listed one, too',
    (scene) => scene.connect('', ['origin: https://app.example', 'origin: https://evil.example']),
    forbidden,
  ),
  overWebSocket('an address of 5,000 characters', (scene) => scene.connect(`?frames=${'x'.repeat(5000)}`), {
    status: 414,
  }),
  overWebSocket('headers of 12 KB', (scene) => scene.connect('', [`x-padding: ${'x'.repeat(12_000)}`]), {
    status: 431,
  }),

  overHttp(
    'headers that say who asks: X-Forwarded-*, X-User-Id, X-Amzn-*',
    (scene) => {
      const bob = scene.userId('bob');
      const names = ['x-forwarded-for', 'x-forwarded-user', 'x-user-id', 'x-amzn-oidc-identity', 'forwarded'];
      return stranger(scene, [...names.map((name) => `${name}: ${bob}`), 'x-forwarded-host: evil.example']);
    },
    { status: 403 },
  ),
  overHttp('a Host of another', (scene) => stranger(scene, ['host: evil.example']), { status: 403 }),
  overHttp('two Hosts', (scene) => stranger(scene, ['host: 127.0.0.1', 'host: evil.example']), { answers: 1 }),
  ...paths.map((path) =>
    overHttp(`another spelling of the path: ${path}`, (scene) => stranger(scene, [], `POST ${path}`), notFound),
  ),
  overHttp('a whole address', (scene) => stranger(scene, [], 'POST http://evil.example/publish'), badRequest),
  ...methods.map((method) =>
    overHttp(`another method: ${method}`, (scene) => stranger(scene, [], `${method} /publish`), notFound),
  ),
  overHttp(
    'a DELETE in the clothes of a POST',
    async (scene) => {
      const path = `/permissions?userId=${scene.userId('bob')}&chatId=chat-123`;
      return scene.http('mallory', '{}', { path, headers: { 'x-http-method-override': 'DELETE' } });
    },
    { status: 400, body: { error: 'Missing required parameter: targetUserId is required.' } },
  ),
  overHttp(
    'somebody else’s permissions, one’s own userId before theirs',
    (scene) => {
      const path = `/permissions?userId=${scene.userId('mallory')}&userId=${scene.userId('bob')}`;
      return scene.http('mallory', '', { method: 'GET', path });
    },
    { status: 400 },
  ),
  overHttp(
    'a length and chunks: a second request in the body of the first',
    async (scene) => {
      const hidden = `POST /publish HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}`;
      const headers = [`content-length: ${hidden.length + 5}`, 'transfer-encoding: chunked'];
      return scene.raw('POST /publish', headers, `0\r\n\r\n${hidden}`);
    },
    { status: 400, answers: 1 },
  ),
  overHttp('two lengths', (scene) => scene.raw('POST /publish', ['content-length: 2', 'content-length: 60'], '{}'), {
    status: 400,
    answers: 1,
  }),
  overHttp('a length that is none', (scene) => scene.raw('POST /publish', ['content-length: -1'], '{}'), badRequest),
  overHttp('chunks that are none', (scene) => scene.raw('POST /publish', ['transfer-encoding: chunked'], 'zz\r\n{}'), {
    answers: 1,
  }),
  overHttp('a header value with a line break', (scene) => stranger(scene, ['x-sample: a\nx-user: bob']), badRequest),
  overHttp('headers of 12 KB', (scene) => stranger(scene, [`x-padding: ${'x'.repeat(12_000)}`]), { status: 431 }),
  overHttp('headers of 200 KB', (scene) => stranger(scene, [`x-padding: ${'x'.repeat(200_000)}`]), { status: 431 }),

  overGraphql(
    'a socket where there is none',
    async (scene) => scene.handshake('/graphql', [`authorization: ${await scene.token('ada')}`]),
    { status: 403 },
  ),
  overGraphql(
    'headers that say who asks, in the groups of an administrator',
    async (scene) => {
      const body = '{"query":"{ connectionsByChat(chatId: \\"vault\\") { items { userId } } }"}';
      const headers = ['x-user-id: ada', 'x-forwarded-groups: admins', 'cognito-groups: admins'];
      const authorization = `authorization: ${await scene.token('mallory')}`;
      return scene.raw('POST /graphql', [authorization, `content-length: ${body.length}`, ...headers], body);
    },
    { status: 200, body: expect.stringContaining('Not Authorized to access connectionsByChat') as unknown },
  ),
];
