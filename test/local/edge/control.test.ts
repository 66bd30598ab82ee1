import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { request } from 'node:http';
import { outsideCredentials, roleCredentials } from '../../../local/edge/credentials.ts';
import type { Edge } from '../../../local/edge/edge.ts';
import { Sampler } from '../../../local/xray/sampler.ts';
import { TraceStore } from '../../../local/xray/trace-store.ts';
import { accountId, allow, messagesArn, region, startStubbedEdge } from './stub-backend.ts';

let edge: Edge;
const xray = { store: new TraceStore(), sampler: new Sampler() };
beforeAll(async () => {
  ({ edge } = await startStubbedEdge({
    xray,
    views: { weather: () => ({ sunny: true }) },
    principals: [{ name: 'reader', policies: [allow('dynamodb:GetItem', messagesArn)] }],
  }));
});
afterAll(() => edge.stop());

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const reply = await fetch(`${edge.url}/_edge/${path}`, {
    method,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await reply.text();
  return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
}

const getItem = (credentials = roleCredentials('reader')): Promise<unknown> =>
  new DynamoDBClient({ region, endpoint: edge.url, credentials, maxAttempts: 1 }).send(
    new GetItemCommand({ TableName: 'Messages', Key: { id: { S: '1' } } }),
  );

describe('/_edge/NAME', () => {
  test('shows what else there is to be looked at, and is named among the paths', async () => {
    expect(await ask('GET', 'weather')).toEqual({ status: 200, body: { sunny: true } });
    const { status, body } = await ask('DELETE', 'weather');
    expect(status).toBe(404);
    expect(JSON.stringify(body)).toContain('/_edge/traces and /_edge/weather');
  });
});

describe('/_edge/calls', () => {
  beforeEach(() => ask('DELETE', 'calls'));

  test('counts calls by role, origin, action and resource', async () => {
    await getItem();
    await getItem();
    await getItem(outsideCredentials);
    const counted = { by: 'function', service: 'dynamodb', action: 'GetItem', resource: messagesArn };
    expect((await ask('GET', 'calls')).body).toEqual([
      { role: 'reader', ...counted, count: 2 },
      { role: 'outside', ...counted, count: 1 },
    ]);
    expect(await ask('DELETE', 'calls')).toEqual({ status: 204, body: undefined });
    expect((await ask('GET', 'calls')).body).toEqual([]);
  });

  test('counts a transaction once, over all its tables', async () => {
    const Key = { id: { S: '1' } };
    await new DynamoDBClient({ region, endpoint: edge.url, credentials: outsideCredentials }).send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Delete: { TableName: 'Messages', Key } },
          { Delete: { TableName: 'Messages', Key } },
          { Delete: { TableName: 'Chats', Key } },
        ],
      }),
    );
    const resource = `${messagesArn.replace('Messages', 'Chats')},${messagesArn}`;
    expect((await ask('GET', 'calls')).body).toMatchObject([{ action: 'TransactWriteItems', resource, count: 1 }]);
  });

  test('counts posts to all connections of an API together', async () => {
    const endpoint = `${edge.url}/api1/dvl`;
    const client = new ApiGatewayManagementApiClient({ region, endpoint, credentials: outsideCredentials });
    await client.send(new PostToConnectionCommand({ ConnectionId: 'c1=', Data: 'a' }));
    await client.send(new PostToConnectionCommand({ ConnectionId: 'c2=', Data: 'a' }));
    const resource = `arn:aws:execute-api:${region}:${accountId}:api1/dvl/POST/@connections/*`;
    expect((await ask('GET', 'calls')).body).toMatchObject([{ action: 'PostToConnection', resource, count: 2 }]);
  });
});

test('/_edge/policies tells what was used', async () => {
  await ask('DELETE', 'policies');
  await getItem();
  const { body } = await ask('GET', 'policies');
  expect(body).toMatchObject([
    { role: 'reader', statement: 'policy#0', actions: ['dynamodb:GetItem'], resources: [messagesArn], used: 1 },
  ]);
});

describe('/_edge/faults', () => {
  afterEach(() => ask('DELETE', 'faults'));

  test('takes a rule, tells how often it struck, and forgets it', async () => {
    const rule = { service: 'dynamodb', times: 1, fault: { error: 'ThrottlingException', statusCode: 400 } };
    expect(await ask('POST', 'faults', rule)).toMatchObject({ status: 201, body: { ...rule, struck: 0 } });
    await expect(getItem()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await ask('GET', 'faults')).body).toMatchObject([{ ...rule, struck: 1 }]);
    await ask('DELETE', 'faults');
    expect((await ask('GET', 'faults')).body).toEqual([]);
  });

  test('shows one rule and what it struck, and takes it away', async () => {
    const rule = { about: 'Messages', fault: { delayMs: 1 } };
    const { id } = (await ask('POST', 'faults', rule)).body as { id: string };
    await getItem();
    const calls = [{ role: 'reader', by: 'function', service: 'dynamodb', action: 'GetItem', count: 1 }];
    expect((await ask('GET', `faults/${id}`)).body).toMatchObject({ ...rule, struck: 1, calls });
    expect(await ask('DELETE', `faults/${id}`)).toMatchObject({ status: 204 });
    expect(await ask('GET', `faults/${id}`)).toMatchObject({ status: 404 });
  });

  const fault = { delayMs: 1 };
  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'Expected a fault rule in JSON.'],
    ['no object', 'null', 'rule: expected Object, received null'],
    ['no service', { fault }, 'service: expected unless about says which calls are meant, received undefined'],
    ['an unknown field', { service: 'sns', fault, topic: 'x' }, 'topic: expected never, received "topic"'],
    ['a number for text', { service: 'sns', role: 7, fault }, 'role: expected string, received 7'],
    ['no times', { service: 'sns', times: 0, fault }, 'times: expected >=1, received 0'],
    ['a probability over 1', { service: 'sns', probability: 2, fault }, 'probability: expected <=1, received 2'],
    ['no fault', { service: 'sns' }, 'fault: expected "fault", received undefined'],
    [
      'an unknown fault',
      { service: 'sns', fault: { explode: true } },
      'fault: expected one of {error, statusCode}, {delayMs}, {dropReply: true}, {crash: true}, {repeat}, received {"explode":true}',
    ],
    [
      'two faults in one',
      { service: 'sns', fault: { delayMs: 1, crash: true } },
      'fault: expected one of {error, statusCode}, {delayMs}, {dropReply: true}, {crash: true}, {repeat}, received {"delayMs":1,"crash":true}',
    ],
    [
      'an error without a status',
      { service: 'sns', fault: { error: 'X' } },
      'fault.statusCode: expected "statusCode", received undefined',
    ],
    [
      'a success as error',
      { service: 'sns', fault: { error: 'X', statusCode: 200 } },
      'fault.statusCode: expected >=400, received 200',
    ],
    [
      'a dropped reply that is not',
      { service: 'sns', fault: { dropReply: false } },
      'fault.dropReply: expected true, received false',
    ],
  ])('refuses a rule with %s', async (_case, rule, error) => {
    expect(await ask('POST', 'faults', rule)).toEqual({ status: 400, body: { error } });
    expect((await ask('GET', 'faults')).body).toEqual([]);
  });
});

describe('/_edge/traces', () => {
  const segment = { trace_id: '1-00000000-000000000000000000000001', id: '0', name: 'sample', start_time: 0 };
  beforeEach(() => ask('DELETE', 'traces'));

  test('shows the traces that are kept, all or those of a message, and forgets them', async () => {
    const annotated = {
      ...segment,
      trace_id: '1-00000000-000000000000000000000002',
      annotations: { messageId: 'one' },
    };
    for (const each of [segment, annotated]) xray.store.record(each);
    const traces = [segment, annotated].map((each) => ({ traceId: each.trace_id, segments: [each] }));
    expect(await ask('GET', 'traces')).toEqual({ status: 200, body: traces });
    expect(await ask('GET', 'traces?messageId=one')).toEqual({ status: 200, body: [traces[1]] });
    expect(await ask('DELETE', 'traces')).toEqual({ status: 204, body: undefined });
    expect((await ask('GET', 'traces')).body).toEqual([]);
  });

  test('sets how many are kept', async () => {
    for (const rate of [0, 0.5, 1]) {
      expect(await ask('PUT', 'traces', { rate })).toEqual({ status: 204, body: undefined });
      expect(xray.sampler.rate).toBe(rate);
    }
    expect(await ask('PUT', 'traces', { rate: null })).toEqual({ status: 204, body: undefined });
    expect(xray.sampler.rate).toBeUndefined();
  });

  test.each(['all', '{}', '{"rate":2}', '{"rate":"1"}', '{"rate":1,"for":"ever"}'])(
    'knows no share %s',
    async (body) => {
      expect((await ask('PUT', 'traces', body)).status).toBe(400);
      expect(xray.sampler.rate).toBeUndefined();
    },
  );

  test('knows nothing else', async () => {
    expect((await ask('POST', 'traces')).status).toBe(404);
  });
});

test('anything else is not there', async () => {
  expect(await ask('GET', 'secrets')).toMatchObject({ status: 404 });
  expect(await ask('PUT', 'calls')).toMatchObject({ status: 404 });
});

test.each([
  ['127.0.0.1', {}, 200],
  ['localhost:4510', {}, 200],
  ['[::1]:4510', {}, 200],
  ['evil.example', {}, 403],
  ['127.0.0.1.evil.example', {}, 403],
  ['dynamodb.us-east-1.amazonaws.com', {}, 403],
  ['127.0.0.1', { origin: 'http://127.0.0.1:4510' }, 403],
  ['127.0.0.1', { origin: 'null' }, 403],
])('a request to %s with %j gets %i', async (host, headers, expected) => {
  const status = await new Promise((resolve, reject) => {
    const path = '/_edge/calls';
    const outgoing = request({ host: '127.0.0.1', port: edge.port, path, headers: { ...headers, host } }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  expect(status).toBe(expected);
});
