import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AwsClient } from 'aws4fetch';
import type { AwsCall } from '../../../local/edge/call.ts';
import { outsideCredentials, roleCredentials } from '../../../local/edge/credentials.ts';
import type { Edge } from '../../../local/edge/edge.ts';
import { FaultRules } from '../../../local/edge/faults.ts';
import { allow, queueUrl, region, startStubbedEdge, topicArn } from './stub-backend.ts';

let edge: Edge;
let reached: AwsCall[];
const crashed: AwsCall[] = [];
beforeAll(async () => {
  ({ edge, reached } = await startStubbedEdge({
    principals: [{ name: 'message-processor', policies: [allow('*', '*')] }],
    onCrash: (call) => crashed.push(call),
  }));
});
afterAll(() => edge.stop());
beforeEach(() => {
  edge.faults.clear();
  reached.splice(0);
  crashed.splice(0);
});

const settings = (credentials = outsideCredentials) => ({ region, endpoint: edge.url, credentials, maxAttempts: 1 });
const getItem = (TableName = 'Messages', credentials = outsideCredentials): Promise<unknown> =>
  new DynamoDBClient(settings(credentials)).send(new GetItemCommand({ TableName, Key: { id: { S: '1' } } }));
const transact = (): Promise<unknown> =>
  new DynamoDBClient(settings()).send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { Delete: { TableName: 'Chats', Key: { id: { S: '1' } } } },
        { Delete: { TableName: 'Messages', Key: { id: { S: '1' } } } },
      ],
    }),
  );
const publish = (): Promise<unknown> =>
  new SNSClient(settings()).send(new PublishCommand({ TopicArn: topicArn, Message: 'a' }));
const sendMessage = (): Promise<unknown> =>
  new SQSClient({ ...settings(), useQueueUrlAsEndpoint: false, md5: false }).send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'a' }),
  );
const post = (ConnectionId = 'c1='): Promise<unknown> =>
  new ApiGatewayManagementApiClient({ ...settings(), endpoint: `${edge.url}/api1/dvl` }).send(
    new PostToConnectionCommand({ ConnectionId, Data: 'frame' }),
  );

describe('an error is raised by the SDK under its name', () => {
  test.each<[string, string, number, () => Promise<unknown>]>([
    ['dynamodb', 'ProvisionedThroughputExceededException', 400, getItem],
    ['dynamodb', 'InternalServerError', 500, getItem],
    ['sns', 'ThrottledException', 429, publish],
    ['sns', 'KMSAccessDeniedException', 400, publish],
    ['sns', 'InternalErrorException', 500, publish],
    ['sqs', 'QueueDoesNotExist', 400, sendMessage],
    ['sqs', 'RequestThrottled', 400, sendMessage],
    ['sqs', 'ServiceUnavailable', 503, sendMessage],
    ['execute-api', 'GoneException', 410, post],
    ['execute-api', 'LimitExceededException', 429, post],
    ['execute-api', 'PayloadTooLargeException', 413, post],
  ])('%s %s', async (service, error, statusCode, call) => {
    edge.faults.add({ service, fault: { error, statusCode } });
    await expect(call()).rejects.toMatchObject({ name: error, $metadata: { httpStatusCode: statusCode } });
    expect(reached).toEqual([]);
  });

  test('with fields of its own', async () => {
    const CancellationReasons = [{ Code: 'None' }, { Code: 'TransactionConflict' }];
    const fault = {
      error: 'TransactionCanceledException',
      statusCode: 400,
      message: 'cancelled',
      fields: { CancellationReasons },
    };
    edge.faults.add({ service: 'dynamodb', action: 'TransactWriteItems', fault });
    await expect(transact()).rejects.toMatchObject({ name: fault.error, message: 'cancelled', CancellationReasons });
  });

  test('to a client that is not the SDK', async () => {
    edge.faults.add({ service: 'execute-api', fault: { error: 'GoneException', statusCode: 410 } });
    const client = new AwsClient({ ...outsideCredentials, service: 'execute-api', region, retries: 0 });
    const reply = await client.fetch(`${edge.url}/api1/dvl/@connections/c1%3D`, { body: 'frame' });
    expect([reply.status, reply.headers.get('x-amzn-errortype')]).toEqual([410, 'GoneException']);
  });
});

test('a delay holds the call up', async () => {
  edge.faults.add({ service: 'dynamodb', fault: { delayMs: 40 } });
  edge.faults.add({ service: 'dynamodb', fault: { delayMs: 40 } });
  const start = performance.now();
  await getItem();
  expect(performance.now() - start).toBeGreaterThanOrEqual(79);
  expect(reached).toHaveLength(1);
});

test('a dropped reply: the call takes effect, the caller never hears', async () => {
  edge.faults.add({ service: 'sns', fault: { dropReply: true } });
  await expect(publish()).rejects.toThrow('socket hang up');
  expect(reached).toHaveLength(1);
});

test.each([
  ['before the call takes effect', true, 0],
  ['after it took effect', 'after', 1],
])('a crash %s ends the caller', async (_case, crash, effects) => {
  edge.faults.add({ service: 'dynamodb', fault: { crash } });
  const client = new DynamoDBClient(settings(roleCredentials('message-processor')));
  client.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: object }).headers, { 'x-embedded-worker': 'worker-3' });
      return next(args);
    },
    { step: 'build', name: 'worker' },
  );
  const call = client.send(new GetItemCommand({ TableName: 'Messages', Key: { id: { S: '1' } } }));
  await expect(call).rejects.toThrow('socket hang up');
  expect(crashed).toMatchObject([{ worker: 'worker-3', role: 'message-processor', action: 'GetItem' }]);
  expect(reached).toHaveLength(effects);
});

describe('a rule strikes', () => {
  const fault = { error: 'Struck', statusCode: 400 };
  const strikes = (call: () => Promise<unknown>): Promise<boolean> =>
    call().then(
      () => false,
      (error: unknown) => error instanceof Error && error.name === 'Struck',
    );

  test.each<[string, object, () => Promise<unknown>, boolean]>([
    ['its service', { service: 'dynamodb' }, getItem, true],
    ['no other service', { service: 'sqs' }, getItem, false],
    ['its action', { service: 'dynamodb', action: 'GetItem' }, getItem, true],
    ['no other action', { service: 'dynamodb', action: 'Query' }, getItem, false],
    ['the action of a transaction', { service: 'dynamodb', action: 'TransactWriteItems' }, transact, true],
    ['its role', { service: 'dynamodb', role: 'outside' }, getItem, true],
    ['no other role', { service: 'dynamodb', role: 'message-processor' }, getItem, false],
    ['a resource by its ARN', { service: 'sns', resource: topicArn }, publish, true],
    ['a resource by name', { service: 'dynamodb', resource: 'Messages' }, () => getItem('Messages'), true],
    ['a resource by wildcard', { service: 'dynamodb', resource: '*-Mess*' }, () => getItem('Stack-Messages'), true],
    ['no other resource', { service: 'dynamodb', resource: 'Messages' }, () => getItem('Chats'), false],
    ['any resource of a transaction', { service: 'dynamodb', resource: 'Messages' }, transact, true],
    ['what the call says', { about: '"S":"1"' }, getItem, true],
    ['nothing that it does not say', { about: '"S":"2"' }, getItem, false],
    ['one connection by its path', { about: 'c1%3D' }, () => post('c1='), true],
    ['one connection', { service: 'execute-api', resource: 'c1=' }, () => post('c1='), true],
    ['no other connection', { service: 'execute-api', resource: 'c1=' }, () => post('c2='), false],
  ])('%s', async (_case, rule, call, expected) => {
    edge.faults.add({ ...rule, fault });
    expect(await strikes(call)).toBe(expected);
  });

  test('calls of a worker whose event says so', async () => {
    const events: Record<string, string> = { 'worker-1': '{"chatId":"this one"}', 'worker-2': '{"chatId":"another"}' };
    const working = await startStubbedEdge({
      principals: [{ name: 'message-processor', policies: [allow('*', '*')] }],
      eventOfWorker: (worker) => events[worker],
    });
    working.edge.faults.add({ about: 'this one', fault });
    const client = new DynamoDBClient({
      ...settings(roleCredentials('message-processor')),
      endpoint: working.edge.url,
    });
    let worker = 'worker-1';
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, { 'x-embedded-worker': worker });
        return next(args);
      },
      { step: 'build', name: 'worker' },
    );
    const ask = () => client.send(new GetItemCommand({ TableName: 'Messages', Key: { id: { S: '1' } } }));
    expect(await strikes(ask)).toBe(true);
    worker = 'worker-2';
    expect(await strikes(ask)).toBe(false);
    await working.edge.stop();
  });

  test('as many times as it says', async () => {
    edge.faults.add({ service: 'dynamodb', times: 2, fault });
    const results = [await strikes(getItem), await strikes(getItem), await strikes(getItem)];
    expect(results).toEqual([true, true, false]);
  });

  test('after as many of its calls as it skips', async () => {
    edge.faults.add({ service: 'dynamodb', action: 'GetItem', skip: 1, times: 1, fault });
    const results = [await strikes(transact), await strikes(getItem), await strikes(getItem), await strikes(getItem)];
    expect(results).toEqual([false, false, true, false]);
  });

  test('with its probability', () => {
    const draws = [0.1, 0.6, 0.3];
    const rules = new FaultRules(() => draws.shift() ?? 1);
    rules.add({ service: 'sns', probability: 0.5, fault });
    const call = {
      service: 'sns',
      action: 'Publish',
      role: 'a',
      by: 'function' as const,
      resources: [{ action: 'sns:Publish', arn: topicArn }],
    };
    const struck = [1, 2, 3, 4].map(() => rules.sentence(call).fault !== undefined);
    expect(struck).toEqual([true, false, true, false]);
  });

  test('only a call that was allowed', async () => {
    const idle = await startStubbedEdge({ principals: [{ name: 'idle', policies: [] }] });
    idle.edge.faults.add({ service: 'dynamodb', fault });
    const client = new DynamoDBClient({ ...settings(roleCredentials('idle')), endpoint: idle.edge.url });
    const call = client.send(new GetItemCommand({ TableName: 'Messages', Key: { id: { S: '1' } } }));
    await expect(call).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await idle.edge.stop();
  });
});
