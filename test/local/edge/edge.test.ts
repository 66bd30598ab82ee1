import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  QueryCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { DeleteMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AwsClient } from 'aws4fetch';
import { request } from 'node:http';
import { outsideCredentials, roleCredentials } from '../../../local/edge/credentials.ts';
import type { Edge } from '../../../local/edge/edge.ts';
import type { AwsCall } from '../../../local/edge/call.ts';
import {
  accountId,
  allow,
  messagesArn,
  queueArn,
  queueUrl,
  region,
  startStubbedEdge,
  topicArn,
} from './stub-backend.ts';

const chatsArn = messagesArn.replace('Messages', 'Chats');
const key = { chatId: { S: 'chat-1' } };
const dynamodbOf = (edge: Edge, credentials = outsideCredentials): DynamoDBClient =>
  new DynamoDBClient({ region, endpoint: edge.url, credentials, maxAttempts: 1 });
const snsOf = (edge: Edge, credentials = outsideCredentials): SNSClient =>
  new SNSClient({ region, endpoint: edge.url, credentials, maxAttempts: 1 });
const sqsOf = (edge: Edge, credentials = outsideCredentials): SQSClient =>
  new SQSClient({ region, endpoint: edge.url, useQueueUrlAsEndpoint: false, credentials, maxAttempts: 1 });
const connectionsOf = (edge: Edge, credentials = outsideCredentials): ApiGatewayManagementApiClient =>
  new ApiGatewayManagementApiClient({ region, endpoint: `${edge.url}/api1/dvl`, credentials, maxAttempts: 1 });

describe('what the edge understands', () => {
  let edge: Edge;
  let reached: AwsCall[];
  beforeAll(async () => ({ edge, reached } = await startStubbedEdge()));
  afterAll(() => edge.stop());
  beforeEach(() => reached.splice(0));

  const table = (name: string, action: string): { action: string; arn: string } => ({
    action: `dynamodb:${action}`,
    arn: `arn:aws:dynamodb:${region}:${accountId}:table/${name}`,
  });
  const calls: [string, (edge: Edge) => Promise<unknown>, Partial<AwsCall>][] = [
    [
      'GetItem',
      (e) => dynamodbOf(e).send(new GetItemCommand({ TableName: 'Messages', Key: key })),
      { service: 'dynamodb', action: 'GetItem', resources: [table('Messages', 'GetItem')] },
    ],
    [
      'Query of an index',
      (e) => dynamodbOf(e).send(new QueryCommand({ TableName: 'Messages', IndexName: 'bySequence' })),
      { action: 'Query', resources: [table('Messages/index/bySequence', 'Query')] },
    ],
    [
      'BatchGetItem',
      (e) =>
        dynamodbOf(e).send(
          new BatchGetItemCommand({ RequestItems: { Messages: { Keys: [key] }, Chats: { Keys: [key] } } }),
        ),
      { action: 'BatchGetItem', resources: [table('Messages', 'BatchGetItem'), table('Chats', 'BatchGetItem')] },
    ],
    [
      'BatchWriteItem',
      (e) =>
        dynamodbOf(e).send(new BatchWriteItemCommand({ RequestItems: { Chats: [{ DeleteRequest: { Key: key } }] } })),
      { action: 'BatchWriteItem', resources: [table('Chats', 'BatchWriteItem')] },
    ],
    [
      'TransactWriteItems, whose rights are those of its items',
      (e) =>
        dynamodbOf(e).send(
          new TransactWriteItemsCommand({
            TransactItems: [
              { Update: { TableName: 'Chats', Key: key, UpdateExpression: 'SET a = b' } },
              { Put: { TableName: 'Messages', Item: key } },
              { Put: { TableName: 'Messages', Item: key } },
              { ConditionCheck: { TableName: 'Chats', Key: key, ConditionExpression: 'a = b' } },
              { Delete: { TableName: 'Chats', Key: key } },
            ],
          }),
        ),
      {
        action: 'TransactWriteItems',
        resources: [
          table('Chats', 'UpdateItem'),
          table('Messages', 'PutItem'),
          table('Chats', 'ConditionCheckItem'),
          table('Chats', 'DeleteItem'),
        ],
      },
    ],
    [
      'TransactGetItems',
      (e) =>
        dynamodbOf(e).send(new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName: 'Chats', Key: key } }] })),
      { action: 'TransactGetItems', resources: [table('Chats', 'GetItem')] },
    ],
    [
      'a call that names no resource',
      (e) => dynamodbOf(e).send(new ListTablesCommand({})),
      { action: 'ListTables', resources: [{ action: 'dynamodb:ListTables', arn: '*' }] },
    ],
    [
      'Publish',
      (e) => snsOf(e).send(new PublishCommand({ TopicArn: topicArn, Message: 'hello & more' })),
      { service: 'sns', action: 'Publish', resources: [{ action: 'sns:Publish', arn: topicArn }] },
    ],
    [
      'PublishBatch, under the right to Publish',
      (e) =>
        snsOf(e).send(
          new PublishBatchCommand({ TopicArn: topicArn, PublishBatchRequestEntries: [{ Id: '1', Message: 'a' }] }),
        ),
      { action: 'PublishBatch', resources: [{ action: 'sns:Publish', arn: topicArn }] },
    ],
    [
      'SendMessage',
      (e) => sqsOf(e).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'a' })),
      { service: 'sqs', action: 'SendMessage', resources: [{ action: 'sqs:SendMessage', arn: queueArn }] },
    ],
    [
      'DeleteMessageBatch, under the right to DeleteMessage',
      (e) =>
        sqsOf(e).send(
          new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: [{ Id: '1', ReceiptHandle: 'r' }] }),
        ),
      { action: 'DeleteMessageBatch', resources: [{ action: 'sqs:DeleteMessage', arn: queueArn }] },
    ],
    [
      'PostToConnection, with an id that needs encoding',
      (e) => connectionsOf(e).send(new PostToConnectionCommand({ ConnectionId: 'L0SM9c/Fv=', Data: 'frame' })),
      {
        service: 'execute-api',
        action: 'PostToConnection',
        body: Buffer.from('frame'),
        resources: [
          {
            action: 'execute-api:ManageConnections',
            arn: `arn:aws:execute-api:${region}:${accountId}:api1/dvl/POST/@connections/L0SM9c/Fv=`,
          },
        ],
      },
    ],
    [
      'DeleteConnection',
      (e) => connectionsOf(e).send(new DeleteConnectionCommand({ ConnectionId: 'c1=' })),
      {
        action: 'DeleteConnection',
        resources: [
          {
            action: 'execute-api:ManageConnections',
            arn: `arn:aws:execute-api:${region}:${accountId}:api1/dvl/DELETE/@connections/c1=`,
          },
        ],
      },
    ],
  ];

  test.each(calls)('%s', async (_name, call, expected) => {
    await ignoringTheReply(call(edge));
    expect(reached).toHaveLength(1);
    expect(reached[0]).toMatchObject({ role: 'outside', by: 'function', region, ...expected });
  });

  test('a synchronous execution, whose host and scope differ from its service', async () => {
    const client = new AwsClient({ ...outsideCredentials, service: 'states', region });
    const stateMachineArn = `arn:aws:states:${region}:${accountId}:stateMachine:redrive`;
    await client.fetch(edge.url, {
      headers: { 'x-amz-target': 'AWSStepFunctions.StartSyncExecution' },
      body: JSON.stringify({ stateMachineArn }),
      aws: { service: 'sync-states' },
    });
    expect(reached[0]).toMatchObject({
      service: 'states',
      resources: [{ action: 'states:StartSyncExecution', arn: stateMachineArn }],
    });
  });

  test('a request under the real host name, as workers send it', async () => {
    const host = `api2.execute-api.${region}.amazonaws.com`;
    const signed = await new AwsClient({ ...outsideCredentials, service: 'execute-api', region }).sign(
      `https://${host}/dvl/@connections/abc%3D`,
      { method: 'POST', body: 'frame' },
    );
    const { status } = await send(edge, 'POST', '/dvl/@connections/abc%3D', 'frame', {
      ...Object.fromEntries(signed.headers),
      host,
      'x-embedded-worker': 'worker-7',
    });
    expect(status).toBe(200);
    expect(reached[0]).toMatchObject({ worker: 'worker-7', host });
    expect(reached[0]?.resources[0]?.arn).toMatch(/:api2\/dvl\/POST\/@connections\/abc=$/);
    expect(reached[0]?.headers).not.toHaveProperty('x-embedded-worker');
  });

  test('an unsigned request for the signing keys goes to Cognito', async () => {
    const { status } = await send(edge, 'GET', '/us-east-1_x/.well-known/jwks.json', '', {
      host: `cognito-idp.${region}.amazonaws.com`,
    });
    expect(status).toBe(200);
    expect(reached[0]).toMatchObject({ service: 'cognito-idp', action: 'GetSigningKeys', role: 'anonymous' });
  });

  test('only the platform can mark a call as its own', async () => {
    const client = dynamodbOf(edge);
    const markWith = (headers: Record<string, string>): void =>
      client.middlewareStack.add(
        (next) => (args) => {
          Object.assign((args.request as { headers: Record<string, string> }).headers, headers);
          return next(args);
        },
        { step: 'build', name: 'mark', override: true },
      );
    markWith(edge.serviceHeaders({ resource: `${messagesArn}/stream/1` }));
    await client.send(new ListTablesCommand({}));
    markWith({ 'x-embedded-service': 'guess', 'x-embedded-resource': messagesArn });
    await client.send(new ListTablesCommand({}));
    expect(reached.map(({ by, resources }) => [by, resources[0]?.arn])).toEqual([
      ['service', `${messagesArn}/stream/1`],
      ['function', '*'],
    ]);
  });
});

describe('who may call', () => {
  let edge: Edge;
  let reached: AwsCall[];
  beforeAll(async () => {
    ({ edge, reached } = await startStubbedEdge({
      principals: [
        { name: 'reader', policies: [allow('dynamodb:GetItem', messagesArn)] },
        { name: 'idle', policies: [] },
      ],
    }));
  });
  afterAll(() => edge.stop());
  beforeEach(() => reached.splice(0));

  const strangers: [string, { accessKeyId: string; secretAccessKey: string }, Record<string, string>][] = [
    [
      'an unknown key',
      { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' },
      {
        dynamodb: 'UnrecognizedClientException',
        sns: 'InvalidClientTokenId',
        sqs: 'InvalidClientTokenId',
        connections: 'UnrecognizedClientException',
      },
    ],
    [
      'a wrong secret',
      { ...roleCredentials('reader'), secretAccessKey: 'x' },
      {
        dynamodb: 'InvalidSignatureException',
        sns: 'SignatureDoesNotMatch',
        sqs: 'SignatureDoesNotMatch',
        connections: 'InvalidSignatureException',
      },
    ],
    [
      'a role without the right',
      roleCredentials('idle'),
      {
        dynamodb: 'AccessDeniedException',
        sns: 'AuthorizationErrorException',
        sqs: 'AccessDeniedException',
        connections: 'AccessDeniedException',
      },
    ],
  ];
  test.each(strangers)('%s is refused as each service refuses it', async (_name, credentials, errors) => {
    const given = { sessionToken: '', ...credentials };
    const failures = {
      dynamodb: await nameOf(
        dynamodbOf(edge, given).send(new GetItemCommand({ TableName: 'Messages', Key: { id: { S: '1' } } })),
      ),
      sns: await nameOf(snsOf(edge, given).send(new PublishCommand({ TopicArn: topicArn, Message: 'a' }))),
      sqs: await nameOf(sqsOf(edge, given).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'a' }))),
      connections: await nameOf(
        connectionsOf(edge, given).send(new PostToConnectionCommand({ ConnectionId: 'c', Data: 'a' })),
      ),
    };
    expect(failures).toEqual(errors);
    expect(reached).toEqual([]);
  });

  test('a denial names role, action and resource, and is listed', async () => {
    const client = dynamodbOf(edge, roleCredentials('reader'));
    await client.send(new GetItemCommand({ TableName: 'Messages', Key: key }));
    const denied = client.send(new GetItemCommand({ TableName: 'Chats', Key: key }));
    await expect(denied).rejects.toThrow(
      `role reader) is not authorized to perform: dynamodb:GetItem on resource: ${chatsArn} because no identity-based policy allows`,
    );
    const denials = (await (await fetch(`${edge.url}/_edge/denials`)).json()) as unknown[];
    expect(denials).toContainEqual(expect.objectContaining({ role: 'reader', action: 'GetItem', count: 1 }));
  });

  test('a tampered body is refused', async () => {
    const signed = await new AwsClient({ ...roleCredentials('reader'), service: 'dynamodb', region }).sign(edge.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
      body: JSON.stringify({ TableName: 'Messages', Key: key }),
    });
    const tampered = await fetch(signed.url, {
      method: 'POST',
      headers: signed.headers,
      body: JSON.stringify({ TableName: 'Messages', Key: { chatId: { S: 'chat-2' } } }),
    });
    expect(await tampered.json()).toMatchObject({ __type: 'InvalidSignatureException' });
  });

  test('unsigned requests are refused', async () => {
    const { status, body } = await send(edge, 'POST', '/', '{}', { 'x-amz-target': 'DynamoDB_20120810.ListTables' });
    expect([status, JSON.parse(body).__type]).toEqual([400, 'MissingAuthenticationTokenException']);
  });

  test('a web page that rebinds its name to this machine is refused', async () => {
    const { status } = await send(edge, 'GET', '/us-east-1_x/.well-known/jwks.json', '', { host: 'evil.example' });
    expect(status).toBe(403);
  });
});

test('a service that fails or is not there answers in its own format', async () => {
  const errors: unknown[] = [];
  const { edge } = await startStubbedEdge({
    backends: { sns: () => Promise.reject(new Error('broken')) },
    onError: (error) => errors.push(error),
  });
  const failed = nameOf(snsOf(edge).send(new PublishCommand({ TopicArn: topicArn, Message: 'a' })));
  const absent = nameOf(dynamodbOf(edge).send(new ListTablesCommand({})));
  expect([await failed, await absent]).toEqual(['InternalFailure', 'UnknownOperationException']);
  expect(errors).toEqual([new Error('broken')]);
  await edge.stop();
});

/** The stub's replies carry no checksums and results, which some clients then miss. */
async function ignoringTheReply(call: Promise<unknown>): Promise<void> {
  await call.catch(() => undefined);
}

async function nameOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
}

/** A plain request, with headers fetch would not send. */
function send(
  edge: Edge,
  method: string,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: edge.port, method, path, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
