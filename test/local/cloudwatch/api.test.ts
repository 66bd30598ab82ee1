import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { cloudWatchBackend } from '../../../local/cloudwatch/api.ts';
import { MetricStore } from '../../../local/cloudwatch/metric-store.ts';
import type { Edge } from '../../../local/edge/edge.ts';
import { roleCredentials } from '../../../local/edge/credentials.ts';
import { CloudWatchClient, PutMetricDataCommand } from '../../../local/step-functions/integrations/cloudwatch.ts';
import { messagesArn, region, startStubbedEdge } from '../edge/stub-backend.ts';

const dimensions = [{ Name: 'queue', Value: 'fifo' }];
const letters = { MetricName: 'Letters', Dimensions: dimensions, Unit: 'Count', Value: 3 };

/** What IAM says of it, on the way through the edge, included. */
describe('metrics that are put', () => {
  let edge: Edge;
  const metrics = new MetricStore(60_000);

  beforeAll(async () => {
    const document = {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'cloudwatch:PutMetricData',
        Resource: '*',
        Condition: { StringEquals: { 'cloudwatch:namespace': 'Post' } },
      },
    };
    const principals = [
      { name: 'watch', policies: [{ name: 'policy', document }] },
      { name: 'stranger', policies: [] },
    ];
    ({ edge } = await startStubbedEdge({ principals, backends: { cloudwatch: cloudWatchBackend(metrics) } }));
  });
  afterAll(() => edge.stop());

  const put = async (role: string, input: object): Promise<unknown> => {
    const client = new CloudWatchClient({ endpoint: edge.url, region, credentials: roleCredentials(role) });
    return client.send(new PutMetricDataCommand(input), { abortSignal: AbortSignal.timeout(10_000) });
  };
  const stored = (name: string) => metrics.list().filter((metric) => metric.name === name);

  test('are those that alarms are evaluated from', async () => {
    await put('watch', { Namespace: 'Post', MetricData: [letters, { ...letters, Value: 5 }] });
    expect(stored('Letters')).toMatchObject([
      { namespace: 'Post', dimensions: { queue: 'fifo' }, unit: 'Count', minutes: [{ sampleCount: 2, maximum: 5 }] },
    ]);
  });

  test('may be several values, each as often as it is counted, of a time that is told', async () => {
    const many = { MetricName: 'Many', Values: [1, 4], Counts: [3, 1], Timestamp: 1_795_000_000 };
    await put('watch', { Namespace: 'Post', MetricData: [many] });
    expect(stored('Many')).toMatchObject([
      { dimensions: {}, unit: 'None', minutes: [{ minute: '2026-11-18T11:06:00.000Z', sampleCount: 4, sum: 7 }] },
    ]);
  });

  test.each<[string, string, object]>([
    ['by a role without the right', 'stranger', { Namespace: 'Post', MetricData: [letters] }],
    ['into another namespace', 'watch', { Namespace: 'Other', MetricData: [letters] }],
  ])('are refused %s', async (_how, role, input) => {
    const before = JSON.stringify(metrics.list());
    await expect(put(role, input)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('cloudwatch:PutMetricData'),
      $metadata: { httpStatusCode: 400 },
    });
    expect(JSON.stringify(metrics.list())).toBe(before);
  });

  test.each<[string, object]>([
    ['without any', { MetricData: [] }],
    ['without a value', { MetricData: [{ MetricName: 'Letters' }] }],
    ['with two kinds of values', { MetricData: [{ ...letters, Values: [1] }] }],
    ['in a unit there is not', { MetricData: [{ ...letters, Unit: 'Letters' }] }],
    ['with an empty dimension', { MetricData: [{ ...letters, Dimensions: [{ Name: 'queue', Value: '' }] }] }],
    ['with what is not implemented', { MetricData: [{ ...letters, StatisticValues: {} }] }],
  ])('are refused %s', async (_what, input) => {
    await expect(put('watch', { Namespace: 'Post', ...input })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
  });
});

describe('a right to write items of one partition', () => {
  const item = (partition: string) => ({ userId: { S: partition }, chatId: { S: 'x' } });

  async function edgeFor(Action: string | string[]): Promise<Edge> {
    const Condition = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['!mine'] } };
    const Statement = { Effect: 'Allow', Action, Resource: messagesArn, Condition };
    const policies = [{ name: 'policy', document: { Version: '2012-10-17', Statement } }];
    const partitionKeys = new Map([['Messages', 'userId']]);
    return (await startStubbedEdge({ principals: [{ name: 'writer', policies }], partitionKeys })).edge;
  }

  test('is none to write others', async () => {
    const edge = await edgeFor(['dynamodb:UpdateItem', 'dynamodb:PutItem']);
    const client = new DynamoDBClient({ region, endpoint: edge.url, credentials: roleCredentials('writer') });
    const TableName = 'Messages';
    const update = (partition: string): Promise<unknown> =>
      client.send(new UpdateItemCommand({ TableName, Key: item(partition) }));
    const put = (partition: string): Promise<unknown> =>
      client.send(new PutItemCommand({ TableName, Item: item(partition) }));
    try {
      for (const write of [update, put]) {
        await write('!mine');
        await expect(write('ada')).rejects.toMatchObject({ name: 'AccessDeniedException' });
      }
    } finally {
      await edge.stop();
    }
  });

  test('is refused where the edge could not tell the partition', async () => {
    for (const action of ['dynamodb:Query', 'dynamodb:*', ['dynamodb:PutItem', 'dynamodb:BatchWriteItem']]) {
      await expect(edgeFor(action)).rejects.toThrow('dynamodb:LeadingKeys is implemented for');
    }
  });
});
