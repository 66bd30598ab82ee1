import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { type FrontRoute, startFront } from '../../../local/gateway/front.ts';
import type { InvokeFunction } from '../../../local/gateway/invoke.ts';
import type { SocketLifetimes } from '../../../local/gateway/socket-connection.ts';
import { WebSocketApi, type WebSocketRoute } from '../../../local/gateway/websocket-api.ts';
import { FunctionError } from '../../../local/lambda/function.ts';
import { ConnectionRefused, TestSocket } from '../../setup/socket.ts';
import { until } from '../../setup/until.ts';

type Event = {
  requestContext: Record<string, unknown> & { connectionId: string };
  headers?: Record<string, string>;
  queryStringParameters?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
};
type Answer = (event: Event) => unknown;

const allow = { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: '*' };
const deny = { ...allow, Effect: 'Deny' };

function policy(...Statement: unknown[]): Record<string, unknown> {
  return {
    principalId: 'someone',
    policyDocument: { Version: '2012-10-17', Statement },
    context: { userId: 'u1', level: 3 },
  };
}

/** The functions here answer what they like, so no frame is held to the service's contract. */
function open(url: string, query = {}, protocols: string[] = [], headers = {}): Promise<TestSocket> {
  return TestSocket.open(url, query, protocols, headers, () => undefined);
}

describe('the WebSocket API', () => {
  const events: { source: string; event: Event }[] = [];
  const ends: (() => Promise<void>)[] = [];

  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
    events.length = 0;
  });

  /** An API whose functions are these answers: `authorizer`, and one by route key. The route `silent` has no response. */
  async function start(answers: Record<string, Answer>, lifetimes?: SocketLifetimes) {
    const invoke: InvokeFunction = (target, source, event) => {
      events.push({ source, event: event as Event });
      const answer = answers[target];
      return Promise.resolve().then(() => (answer ? answer(event as Event) : { statusCode: 200 }));
    };
    const keys = ['$connect', '$disconnect', ...Object.keys(answers).filter((key) => key !== 'authorizer')];
    const routes = [...new Set(keys)].map((key): [string, WebSocketRoute] => [
      key,
      {
        integrationUri: key,
        replies: (!key.startsWith('$') && key !== 'silent') || key === '$default',
        ...(key === '$connect' && answers['authorizer']
          ? { authorizer: { authorizerId: 'auth1', functionArn: 'authorizer', identitySources: [] } }
          : {}),
      },
    ]);
    const place = {
      apiId: 'api1',
      stage: 'dvl',
      region: 'us-east-1',
      accountId: '000000000000',
      domainName: 'api1.example',
    };
    const api = new WebSocketApi({ ...place, routes: new Map(routes) }, invoke, lifetimes);
    const noRoutes: FrontRoute[] = [];
    const front = await startFront(0, noRoutes, (request, socket, head) => api.upgrade(request, socket, head));
    ends.push(
      () => api.stop(),
      () => front.stop(),
    );
    return { api, url: `${front.url.replace('http', 'ws')}/dvl` };
  }

  function eventOf(routeKey: string): Event | undefined {
    return events.find(({ event }) => event.requestContext['routeKey'] === routeKey && !('methodArn' in event))?.event;
  }

  describe('opening a socket', () => {
    test('shows the authorizer headers and query, and hands its context on as strings', async () => {
      const { url } = await start({ authorizer: () => policy(allow) });
      const socket = await open(url, { token: 't&=1' }, [], { 'X-Sample': 'yes' });
      const [asked] = events;
      expect(asked?.event).toMatchObject({
        type: 'REQUEST',
        methodArn: 'arn:aws:execute-api:us-east-1:000000000000:api1/dvl/$connect',
        headers: { 'X-Sample': 'yes' },
        queryStringParameters: { token: 't&=1' },
        requestContext: { eventType: 'CONNECT', routeKey: '$connect', stage: 'dvl', apiId: 'api1' },
      });
      expect(asked?.source).toBe('arn:aws:execute-api:us-east-1:000000000000:api1/authorizers/auth1');
      expect(eventOf('$connect')?.requestContext['authorizer']).toEqual({
        userId: 'u1',
        level: '3',
        principalId: 'someone',
      });
      await socket.close();
    });

    test.each<[string, Answer, number]>([
      ['an error with the message Unauthorized', () => Promise.reject(new FunctionError('Error', 'Unauthorized')), 401],
      ['a policy that denies', () => policy(allow, deny), 403],
      [
        'a policy that allows something else',
        () => policy({ ...allow, Resource: 'arn:aws:execute-api:*:*:other/*' }),
        403,
      ],
      ['any other error', () => Promise.reject(new FunctionError('Error', 'database down')), 500],
      ['a result that is no policy', () => ({ isAuthorized: true }), 500],
      ['a context with an object in it', () => ({ ...policy(allow), context: { groups: [] } }), 500],
      ['a result over 8 KB', () => ({ ...policy(allow), context: { note: 'x'.repeat(9000) } }), 500],
    ])('%s from the authorizer refuses it before $connect runs', async (_what, authorizer, statusCode) => {
      const { url } = await start({ authorizer });
      await expect(open(url)).rejects.toThrow(new ConnectionRefused(statusCode));
      expect(eventOf('$connect')).toBeUndefined();
    });

    test('a $connect that answers 403 refuses it, and one that fails refuses it with 500', async () => {
      const refusing = await start({ $connect: () => ({ statusCode: 403 }) });
      await expect(open(refusing.url)).rejects.toThrow(new ConnectionRefused(403));
      const failing = await start({ $connect: () => Promise.reject(new Error('boom')) });
      await expect(open(failing.url)).rejects.toThrow(new ConnectionRefused(500));
    });

    test.each<[string, Record<string, string>, string, number]>([
      ['a subprotocol that comes twice', { 'Sec-WebSocket-Protocol': 'a, a' }, '', 400],
      ['headers over 10,240 bytes', { 'X-Padding': 'x'.repeat(10_240) }, '', 431],
      ['an address over 4,096 characters', {}, `?padding=${'x'.repeat(4096)}`, 414],
    ])('%s refuses it before anybody is asked', async (_what, headers, query, statusCode) => {
      const { url } = await start({ authorizer: () => policy(allow) });
      await expect(open(url + query, {}, [], headers)).rejects.toThrow(new ConnectionRefused(statusCode));
      expect(events).toEqual([]);
    });

    test('is counted: what $connect decides about, and what is refused without asking it', async () => {
      const verdicts: Answer[] = [
        () => Promise.reject(new FunctionError('Error', 'Unauthorized')),
        () => policy(deny),
        () => Promise.reject(new FunctionError('Error', 'database down')),
        () => policy(allow),
      ];
      const { api, url } = await start({
        authorizer: (event) => verdicts.shift()?.(event),
        $connect: () => ({ statusCode: 403 }),
      });
      const counted: unknown[] = [];
      api.watch((seen) => counted.push(seen));
      for (const statusCode of [401, 403, 500, 403])
        await expect(open(url)).rejects.toThrow(new ConnectionRefused(statusCode));
      const of = { apiId: 'api1', stage: 'dvl' };
      expect(counted).toEqual([
        { ...of, metric: 'ClientError' },
        { ...of, metric: 'ClientError' },
        { ...of, metric: 'ConnectCount' },
      ]);
    });

    test('only the stage’s own path opens one', async () => {
      const { url } = await start({});
      await expect(open(url.replace('/dvl', '/other'))).rejects.toThrow(new ConnectionRefused(403));
    });

    test('the subprotocol is the one $connect answers with, whatever was offered', async () => {
      const { url } = await start({
        $connect: () => ({ statusCode: 200, headers: { 'Sec-WebSocket-Protocol': 'notification.v1' } }),
      });
      const socket = await open(url, {}, ['notification.v1', 'a-token']);
      expect(socket.socket.protocol).toBe('notification.v1');
      await socket.close();
    });

    test('a client that leaves while $connect runs is told to $disconnect', async () => {
      let leave: () => void = () => undefined;
      const { url } = await start({
        $connect: async () => {
          leave();
          await until('the client to be gone', () => client.readyState === WebSocket.CLOSED);
          return { statusCode: 200 };
        },
      });
      const client = new WebSocket(url);
      client.on('error', () => undefined);
      leave = () => client.terminate();
      const event = await until('$disconnect', () => eventOf('$disconnect'));
      expect(event.requestContext).toMatchObject({ eventType: 'DISCONNECT', disconnectStatusCode: 1006 });
    });

    test('until $connect has returned the connection is gone for @connections', async () => {
      let duringConnect: unknown;
      const { api, url } = await start({
        $connect: ({ requestContext }) => {
          duringConnect = api.manage('POST', requestContext.connectionId, Buffer.from('{}'));
          return { statusCode: 200 };
        },
      });
      const socket = await open(url);
      expect(duringConnect).toMatchObject({ status: 410, errorType: 'GoneException' });
      await socket.close();
    });
  });

  describe('routing', () => {
    test.each([
      ['{"action":"ping"}', 'ping'],
      ['{"action":"unheard"}', '$default'],
      ['{"action":5}', '$default'],
      ['no JSON', '$default'],
      ['[]', '$default'],
      ['null', '$default'],
    ])('%s goes to %s', async (message, route) => {
      const { url } = await start({
        ping: () => ({ statusCode: 200, body: '{"route":"ping"}' }),
        $default: ({ body }) => ({ statusCode: 200, body: JSON.stringify({ route: '$default', body }) }),
      });
      const socket = await open(url);
      socket.send(message);
      const reply = await socket.next(() => true);
      expect(reply['route']).toBe(route);
      await socket.close();
    });

    test('a client can name $disconnect, and the event says that it was a message', async () => {
      const { url } = await start({
        $disconnect: () => ({ statusCode: 200 }),
        $default: () => ({ statusCode: 200, body: '{}' }),
      });
      const socket = await open(url);
      socket.send({ action: '$disconnect' });
      socket.send('then something that is answered');
      await socket.next(() => true);
      expect(eventOf('$disconnect')?.requestContext['eventType']).toBe('MESSAGE');
      await socket.close();
    });

    test('a binary message reaches $default in base64', async () => {
      const { url } = await start({
        $default: ({ body, isBase64Encoded }) => ({ statusCode: 200, body: JSON.stringify({ body, isBase64Encoded }) }),
      });
      const socket = await open(url);
      socket.socket.send(Buffer.from([1, 2, 255]));
      expect(await socket.next(() => true)).toEqual({ body: 'AQL/', isBase64Encoded: true });
      await socket.close();
    });

    test('a route without a response answers nothing, whatever its function returns', async () => {
      const { url } = await start({
        silent: () => ({ statusCode: 200, body: '{"from":"silent"}' }),
        heard: () => ({ statusCode: 200, body: '{"from":"heard"}' }),
      });
      const socket = await open(url);
      socket.send({ action: 'silent' });
      await until('the function', () => eventOf('silent') !== undefined);
      socket.send({ action: 'heard' });
      await socket.next(({ from }) => from === 'heard');
      expect(socket.frames).toEqual([{ from: 'heard' }]);
      await socket.close();
    });

    test('a function that fails is answered with an internal server error, without its reason', async () => {
      const { url } = await start({ $default: () => Promise.reject(new Error('secret reason')) });
      const socket = await open(url);
      socket.send('{}');
      const reply = await socket.next(() => true);
      expect(reply).toEqual({
        message: 'Internal server error',
        connectionId: expect.any(String),
        requestId: expect.any(String),
      });
      await socket.close();
    });
  });

  describe('@connections', () => {
    async function connected(lifetimes?: SocketLifetimes) {
      const { api, url } = await start({}, lifetimes);
      const socket = await open(url);
      return { api, socket, connectionId: eventOf('$connect')?.requestContext.connectionId ?? '' };
    }

    test('POST delivers, GET describes, DELETE closes', async () => {
      const { api, socket, connectionId } = await connected();
      expect(api.manage('POST', connectionId, Buffer.from('{"hello":"you"}'))).toMatchObject({ status: 200 });
      expect(await socket.next(() => true)).toEqual({ hello: 'you' });
      expect(api.manage('GET', connectionId, Buffer.alloc(0)).body).toMatchObject({
        identity: { sourceIp: expect.any(String) },
      });
      expect(api.manage('DELETE', connectionId, Buffer.alloc(0))).toMatchObject({ status: 204 });
      await socket.closed();
      expect(api.manage('POST', connectionId, Buffer.from('{}'))).toMatchObject({
        status: 410,
        errorType: 'GoneException',
      });
    });

    test('a message over 128 KB is refused', async () => {
      const { api, socket, connectionId } = await connected();
      expect(api.manage('POST', connectionId, Buffer.alloc(128 * 1024 + 1))).toMatchObject({
        status: 413,
        errorType: 'PayloadTooLargeException',
      });
      await socket.close();
    });

    test('a client that does not read gets its posts refused', async () => {
      const { api, socket, connectionId } = await connected();
      socket.socket.pause();
      const post = () => api.manage('POST', connectionId, randomBytes(64 * 1024));
      const answers = Array.from({ length: 400 }, post);
      expect(answers.at(-1)).toMatchObject({ status: 429, errorType: 'LimitExceededException' });
      socket.socket.terminate();
    });
  });

  describe('the end of a socket', () => {
    test('tells $disconnect with code and reason', async () => {
      const { url } = await start({});
      const socket = await open(url);
      socket.socket.close(4001, 'enough');
      const event = await until('$disconnect', () => eventOf('$disconnect'));
      expect(event.requestContext).toMatchObject({
        eventType: 'DISCONNECT',
        disconnectStatusCode: 4001,
        disconnectReason: 'enough',
      });
    });

    test.each([
      ['a message over 128 KB in small frames', 130 * 1024, 16 * 1024],
      ['a frame over 32 KB', 33 * 1024, 33 * 1024],
    ])('%s is answered with close 1009', async (_what, size, frameSize) => {
      const { url } = await start({ $default: () => ({ statusCode: 200 }) });
      const socket = await open(url);
      for (let sent = 0; sent < size; sent += frameSize) {
        socket.socket.send('x'.repeat(Math.min(frameSize, size - sent)), { fin: sent + frameSize >= size });
      }
      expect((await socket.closed()).code).toBe(1009);
      expect(eventOf('$default')).toBeUndefined();
    });

    test('a message of 100 KB in frames of 16 KB passes whole', async () => {
      const { url } = await start({
        $default: ({ body }) => ({ statusCode: 200, body: JSON.stringify({ length: body?.length }) }),
      });
      const socket = await open(url);
      for (let part = 0; part < 6; part += 1) socket.socket.send('x'.repeat(16 * 1024), { fin: part === 5 });
      expect(await socket.next(() => true)).toEqual({ length: 6 * 16 * 1024 });
      await socket.close();
    });

    test.each<[string, SocketLifetimes]>([
      ['silence', { idleSeconds: 0.2, lifetimeSeconds: 60 }],
      ['age', { idleSeconds: 60, lifetimeSeconds: 0.2 }],
    ])('%s ends it with 1001', async (_what, lifetimes) => {
      const { url } = await start({}, lifetimes);
      const socket = await open(url);
      expect((await socket.closed()).code).toBe(1001);
    });
  });
});
