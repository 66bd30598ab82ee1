import { type Attack, errorFrame, overGraphql, overHttp, overWebSocket } from './attack.ts';
import type { Scene } from './scene.ts';

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** Tokens that are not good anywhere. */
const forged: [what: string, make: (scene: Scene) => string][] = [
  ['no JWT', () => 'hello'],
  ['alg none', ({ forger }) => forger.withoutSignature()],
  ['HS256 with the public key as its secret', ({ forger }) => forger.withPublicKeyAsSecret()],
  ['another key under the pool’s key id', ({ forger }) => forger.withForeignKey()],
  ['a key nobody knows', ({ forger }) => forger.signed({}, { kid: '../../signing-key' })],
  ['another issuer', ({ forger }) => forger.signed({ iss: 'https://cognito-idp.us-east-1.amazonaws.com/other' })],
  ['another client', ({ forger }) => forger.signed({ client_id: 'other' })],
  ['a token of 8,193 characters', ({ forger }) => forger.signed().padEnd(8193, 'A')],
  ['a token that has ended', ({ forger }) => forger.signed({ exp: inSeconds(-1) })],
  ['a token that is not valid yet', ({ forger }) => forger.signed({ nbf: inSeconds(600) })],
  ['a key the token brings along', ({ forger }) => forger.signed({}, { jwk: { kty: 'oct', k: 'AA' }, kid: 'own' })],
];

const unauthorized = { status: 401, body: '{"message":"Unauthorized"}' };
const question = '{"query":"{ __typename }"}';

/** What test/integration/contract/connect.test.ts does not ask: tokens over GraphQL, on a live socket, and two at once. */
export const tokenAttacks: Attack[] = [
  ...forged.map(([what, make]) =>
    overGraphql(`a token: ${what}`, (scene) => scene.post(`Bearer ${make(scene)}`, question), {
      status: 401,
      errors: [{ errorType: 'UnauthorizedException' }],
    }),
  ),
  ...forged.map(([what, make]) =>
    overWebSocket(
      `a token to go on with: ${what}`,
      (scene) => scene.ask('mallory', { action: 'authenticate', token: make(scene) }),
      errorFrame(401, 'Unauthorized - invalid token'),
    ),
  ),
  overWebSocket(
    'a token to go on with: another use',
    (scene) => scene.ask('mallory', { action: 'authenticate', token: scene.forger.signed({ token_use: 'refresh' }) }),
    errorFrame(401, 'Unauthorized - invalid token'),
  ),
  overWebSocket(
    'a token to go on with that is somebody else’s',
    async (scene) => scene.ask('mallory', { action: 'authenticate', token: await scene.token('ada') }),
    errorFrame(403, 'Forbidden: The token belongs to another user.'),
  ),
  overWebSocket(
    'a forged token behind the subprotocol, a good one in the query',
    async (scene) =>
      scene.handshake(`/dvl?token=${await scene.token('mallory')}`, [
        `sec-websocket-protocol: notification.v1, ${scene.forger.withForeignKey()}`,
      ]),
    unauthorized,
  ),
  overWebSocket(
    'a good token behind the subprotocol, another user’s in the query: the subprotocol’s counts',
    async (scene) => scene.connect(`?chatIds=vault&token=${await scene.token('bob')}`),
    { status: 403, body: '{"message":"Forbidden"}' },
  ),
  overWebSocket(
    'two tokens in the query, a forged one last',
    async (scene) =>
      scene.handshake(`/dvl?token=${await scene.token('mallory')}&token=${scene.forger.withForeignKey()}`),
    unauthorized,
  ),
  overWebSocket(
    'a token in the Authorization header, which sockets do not look at',
    async (scene) => scene.handshake('/dvl', [`authorization: Bearer ${await scene.token('mallory')}`]),
    unauthorized,
  ),
  overWebSocket(
    'a token of 8,193 characters',
    (scene) =>
      scene.handshake('/dvl', [`sec-websocket-protocol: notification.v1, ${scene.forger.signed().padEnd(8193, 'A')}`]),
    unauthorized,
  ),
  overHttp(
    'a token in the query, which HTTP does not look at',
    async (scene) => scene.http(undefined, '{}', { path: `/publish?token=${await scene.token('mallory')}` }),
    { status: 401, body: { message: 'Unauthorized' } },
  ),
  overHttp(
    'two tokens in one header',
    async (scene) => {
      const authorization = `Bearer ${await scene.token('mallory')}, Bearer ${await scene.token('bob')}`;
      return scene.http(undefined, '{}', { headers: { authorization } });
    },
    { status: 401 },
  ),
  overHttp(
    'a second Authorization header, of a member: the stranger’s counts',
    async (scene) => {
      const body = JSON.stringify(scene.message());
      return scene.raw(
        'POST /publish',
        [
          `authorization: Bearer ${await scene.token('mallory')}`,
          `authorization: Bearer ${await scene.token('bob')}`,
          `content-length: ${body.length}`,
        ],
        body,
      );
    },
    { status: 403 },
  ),
  overHttp('Basic credentials', (scene) => scene.http(undefined, '{}', { headers: { authorization: 'Basic YTpi' } }), {
    status: 401,
  }),
  overGraphql(
    'a token in the query of a GET',
    async (scene) => {
      const answer = await scene.raw(
        `GET /graphql?query=%7B__typename%7D&authorization=${await scene.token('ada')}`,
        [],
      );
      return { status: answer.status };
    },
    { status: 401 },
  ),
];
