import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PreparedHmac } from '../../functions/platform/prepared-hmac.ts';
import { frameOf, SignedPosts, type Credentials } from '../../functions/platform/signed-posts.ts';
import type { AwsCall } from '../../local/edge/call.ts';
import { roleCredentials } from '../../local/edge/credentials.ts';
import { startEdge, type Edge } from '../../local/edge/edge.ts';
import type { Reply } from '../../local/edge/replies.ts';

const region = 'us-east-1';
const accountId = '000000000000';
const connections = `arn:aws:execute-api:${region}:${accountId}:api/dvl/POST/@connections/*`;
const mayPost = {
  name: 'mayPost',
  document: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'execute-api:ManageConnections', Resource: connections }],
  },
};

let edge: Edge;
let arrived: AwsCall[] = [];
let answer: Reply;

/** The edge checks each call's signature and the caller's rights, and hands on what passes. */
beforeAll(async () => {
  edge = await startEdge({
    region,
    accountId,
    principals: [
      { name: 'sender', policies: [mayPost] },
      { name: 'stranger', policies: [] },
    ],
    backends: {
      'execute-api': (call) => {
        arrived.push(call);
        return Promise.resolve(answer);
      },
    },
  });
});
afterAll(() => edge.stop());
beforeEach(() => {
  arrived = [];
  answer = { status: 200, headers: {}, body: '' };
  edge.faults.clear();
});

type Way = (
  connectionId: string,
  text: string,
  credentials?: Credentials,
) => Promise<{ status: number; error?: string }>;

const sender = roleCredentials('sender');
const bySdk: Way = async (connectionId, text, credentials = sender) => {
  const client = new ApiGatewayManagementApiClient({
    endpoint: `${edge.url}/api/dvl`,
    region,
    credentials: credentials as Required<Credentials>,
    maxAttempts: 1,
  });
  try {
    const { $metadata } = await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: text }));
    return { status: $metadata.httpStatusCode ?? 0 };
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata: { httpStatusCode: number } };
    return { status: $metadata.httpStatusCode, error: name };
  } finally {
    client.destroy();
  }
};
const byHand: Way = async (connectionId, text, credentials = sender) => {
  const posts = new SignedPosts(`${edge.url}/api/dvl`, region, { timeoutMs: 5_000, maxSockets: 1 });
  const path = `/@connections/${encodeURIComponent(connectionId)}`;
  const { status, errorType } = await posts.post(path, frameOf(text), credentials);
  return { status, ...(errorType !== undefined && { error: errorType }) };
};

describe('what arrives is what the SDK would have sent', () => {
  test.each([
    ['an id as API Gateway makes them', 'Zk3rTd5wIAMCJ7w=', 'hello'],
    ['an id that must be encoded twice', 'a+b/c d%e=~@:,', 'hello'],
    ['text beyond ASCII', 'Zk3rTd5wIAMCJ7w=', 'Grüße, 日本, 🙂'],
    ['a lone surrogate', 'Zk3rTd5wIAMCJ7w=', 'half \ud83d of one'],
    ['nothing', 'Zk3rTd5wIAMCJ7w=', ''],
    ['as much as API Gateway takes', 'Zk3rTd5wIAMCJ7w=', 'é'.repeat(64 * 1024)],
  ])('%s', async (_what, connectionId, text) => {
    for (const way of [bySdk, byHand]) expect(await way(connectionId, text)).toEqual({ status: 200 });
    const [one, other] = arrived.map(({ principal, signed, action, resources, method, body, headers }) => ({
      ...{ principal, signed, action, resources, method },
      body: body.toString('hex'),
      type: headers['content-type'],
      token: headers['x-amz-security-token'],
    }));
    expect(other).toEqual(one);
    expect(one).toMatchObject({ principal: 'sender', signed: true, token: sender.sessionToken });
  });
});

describe('what is refused is refused alike', () => {
  test.each([
    ['a wrong secret', { ...sender, secretAccessKey: 'guessed' }],
    ['an unknown key', { ...sender, accessKeyId: 'ASIAUNKNOWN' }],
    ['a role without the right', roleCredentials('stranger')],
  ])('%s', async (_what, credentials) => {
    const refused = await bySdk('connection', 'hello', credentials);
    expect(refused.status).toBe(403);
    expect(await byHand('connection', 'hello', credentials)).toEqual(refused);
    expect(arrived).toEqual([]);
  });

  test.each([
    [410, 'GoneException'],
    [413, 'PayloadTooLargeException'],
    [429, 'LimitExceededException'],
    [500, 'InternalServerErrorException'],
  ])('%i %s', async (status, error) => {
    answer = { status, headers: { 'x-amzn-errortype': `${error}:https://docs` }, body: '{}' };
    expect(await bySdk('connection', 'hello')).toEqual({ status, error });
    expect(await byHand('connection', 'hello')).toEqual({ status, error });
  });

  test('an answer that never comes', async () => {
    edge.faults.add({ service: 'execute-api', fault: { dropReply: true } });
    await expect(byHand('connection', 'hello')).rejects.toThrow();
    expect(arrived).toHaveLength(1);
  });
});

test('an HMAC of texts that begin alike is the HMAC of each, whatever came before', () => {
  for (const keyLength of [1, 32, 64]) {
    const key = randomBytes(keyLength);
    const prepared = new PreparedHmac(key, 'Grüße\n', 64);
    for (let index = 0; index < 10; index += 1) {
      const end = randomBytes(32).toString('hex');
      expect(prepared.sign(end)).toBe(createHmac('sha256', key).update(`Grüße\n${end}`).digest('hex'));
    }
  }
});

test('keys change with the day and with the credentials, and posts go on', async () => {
  const posts = new SignedPosts(`${edge.url}/api/dvl`, region, { timeoutMs: 5_000, maxSockets: 1 });
  const post = (credentials: Credentials, now = Date.now()) =>
    posts.post('/@connections/c', frameOf('hello'), credentials, now);
  const dayMs = 24 * 60 * 60 * 1000;
  const answers = [await post(sender), await post(roleCredentials('stranger')), await post(sender, Date.now() + dayMs)];
  expect(answers.map(({ status }) => status)).toEqual([200, 403, 200]);
  expect((await post(sender)).status).toBe(200);
});

describe('sockets', () => {
  let server: Server;
  let open = 0;
  let opened = 0;

  async function serve(listener: RequestListener): Promise<string> {
    [open, opened] = [0, 0];
    server = createServer(listener);
    server.on('connection', (socket) => {
      opened += 1;
      open += 1;
      socket.once('close', () => (open -= 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/dvl`;
  }
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  test('stay open from post to post, and are no more than asked for', async () => {
    const endpoint = await serve((request, response) => request.resume().once('end', () => response.end()));
    const posts = new SignedPosts(endpoint, region, { timeoutMs: 5_000, maxSockets: 2 });
    const post = () => posts.post('/@connections/c', frameOf('hello'), sender);
    for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 10 }, post));
    expect(opened).toBe(2);
  });

  test('an answer that takes too long is an error, and its socket is not used again', async () => {
    let silent = true;
    const endpoint = await serve((request, response) => {
      request.resume().once('end', () => {
        if (!silent) response.end();
      });
    });
    const posts = new SignedPosts(endpoint, region, { timeoutMs: 50, maxSockets: 1 });
    const post = () => posts.post('/@connections/c', frameOf('hello'), sender);
    await expect(post()).rejects.toMatchObject({ name: 'PostTimeout' });
    silent = false;
    expect(await post()).toEqual({ status: 200 });
    expect(opened).toBe(2);
  });

  test('an answer that breaks off is an error', async () => {
    const endpoint = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
      request.resume().once('end', () => response.destroy());
    });
    const posts = new SignedPosts(endpoint, region, { timeoutMs: 5_000, maxSockets: 1 });
    await expect(posts.post('/@connections/c', frameOf('hello'), sender)).rejects.toThrow();
  });
});
