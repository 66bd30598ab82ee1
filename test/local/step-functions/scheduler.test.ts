import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import { schedulesOf } from '../../../local/scheduler/from-template.ts';
import { startScheduler } from '../../../local/scheduler/scheduler.ts';
import { until } from '../../setup/until.ts';
import { arnOf, region, SmallCloud, type SmallTemplate } from './small-cloud.ts';

const leave = {
  Leave: {
    Type: 'Task',
    Resource: 'arn:aws:states:::aws-sdk:dynamodb:putItem',
    Arguments: { TableName: 'Ticks', Item: { id: { S: '{% $uuid() %}' }, by: { S: '{% $states.input.by %}' } } },
    End: true,
  },
};

const ticking = {
  states: leave,
  statements: [{ Action: 'dynamodb:PutItem', Resource: { 'Fn::GetAtt': ['Ticks', 'Arn'] } }],
};

function scheduled(properties: object, statements: object[]): SmallTemplate {
  const PolicyDocument = { Version: '2012-10-17', Statement: statements };
  return {
    machines: { tick: ticking },
    tables: ['Ticks'],
    resources: {
      TickRole: {
        Type: 'AWS::IAM::Role',
        Properties: { Policies: statements.length > 0 ? [{ PolicyName: 'own', PolicyDocument }] : [] },
      },
      Tick: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'rate(1 minute)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: arnOf('tick'), RoleArn: { 'Fn::GetAtt': ['TickRole', 'Arn'] }, Input: '{"by":"clock"}' },
          ...properties,
        },
      },
    },
  };
}

const mayStart = [{ Effect: 'Allow', Action: 'states:StartExecution', Resource: arnOf('tick') }];

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based */
describe('EventBridge Scheduler', () => {
  let cloud: SmallCloud;
  const stops: (() => Promise<void>)[] = [];

  async function begin(properties: object, statements: object[], minuteMs: number): Promise<void> {
    cloud = await SmallCloud.start(scheduled(properties, statements));
    const onError = (error: unknown): number => cloud.errors.push(error as Error);
    const schedules = schedulesOf(cloud.stack);
    const scheduler = startScheduler({ schedules, edgeUrl: cloud.edge.url, region, minuteMs, onError });
    stops.push(
      () => scheduler.stop(),
      () => cloud.stop(),
    );
  }

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  const starts = (): number =>
    cloud.edge.calls
      .list()
      .filter(({ role, action }) => role === 'schedule' && action === 'StartExecution')
      .reduce((sum, { count }) => sum + count, 0);

  test('starts its target at once and again each minute, with its input, in its own role’s name', async () => {
    await begin({}, mayStart, 50);
    const tables = new DynamoDBClient({ region, endpoint: cloud.edge.url, credentials: outsideCredentials });
    const ticks = async () => (await tables.send(new ScanCommand({ TableName: 'Ticks' }))).Items ?? [];
    await until('three ticks', async () => (await ticks()).length >= 3);
    expect(new Set((await ticks()).map((item) => item['by']?.S))).toEqual(new Set(['clock']));
    expect(starts()).toBeGreaterThanOrEqual(3);
    expect(cloud.errors).toEqual([]);
    tables.destroy();
  });

  test('waits as many minutes as its rate says', async () => {
    await begin({ ScheduleExpression: 'rate(2 hours)' }, mayStart, 1_000);
    await until('the first start', () => starts() === 1);
    expect(schedulesOf(cloud.stack)).toMatchObject([{ everyMinutes: 120, role: 'schedule/Tick' }]);
  });

  test('a start that its role may not make is reported, and tried again', async () => {
    await begin({}, [], 50);
    await until('two tries', () => cloud.errors.length >= 2);
    expect(cloud.errors[0]?.message).toContain('The schedule Tick could not start');
    expect(cloud.errors[0]?.message).toContain('is not authorized to perform: states:StartExecution');
  });

  test('one that is disabled starts nothing', async () => {
    cloud = await SmallCloud.start(scheduled({ State: 'DISABLED' }, mayStart));
    stops.push(() => cloud.stop());
    expect(schedulesOf(cloud.stack)).toEqual([]);
  });

  test.each([
    ['another expression', { ScheduleExpression: 'cron(0 * * * ? *)' }, 'expected rate(N minutes|hours|days)'],
    [
      'a flexible window',
      { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } },
      'with mode OFF only',
    ],
    [
      'another target',
      { Target: { Arn: 'arn:aws:sqs:us-east-1:0:q', RoleArn: 'r' } },
      'is no state machine of the template',
    ],
    ['an end', { EndDate: '2027-01-01T00:00:00Z' }, 'property EndDate of AWS::Scheduler::Schedule'],
  ])('%s is refused by name', async (_what, properties, problem) => {
    await expect(SmallCloud.start(scheduled(properties, mayStart))).rejects.toThrow(problem);
  });
});
