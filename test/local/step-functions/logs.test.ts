import { CloudWatchLogsClient, FilterLogEventsCommand, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { SFNClient, StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import { arnOf, region, SmallCloud } from './small-cloud.ts';

const states = {
  Double: { Type: 'Pass', Output: '{% $states.input.n * 2 %}', Assign: { n: '{% $states.input.n %}' }, Next: 'Tell' },
  Tell: {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName: 'Small-teller', Payload: { n: '{% $states.input %}' } },
    Output: '{% $states.result.Payload %}',
    End: true,
  },
};

const delivery = ['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery', 'ListLogDeliveries'];
const others = ['PutResourcePolicy', 'DescribeResourcePolicies', 'DescribeLogGroups'];
const mayLog = { Action: [...delivery, ...others].map((action) => `logs:${action}`), Resource: '*' };
const mayInvoke = { Action: 'lambda:InvokeFunction', Resource: { 'Fn::GetAtt': ['tellerFunction', 'Arn'] } };

const logging = (more: object = {}): object => ({
  LoggingConfiguration: {
    Level: 'ALL',
    IncludeExecutionData: true,
    Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: { 'Fn::GetAtt': ['Log', 'Arn'] } } }],
    ...more,
  },
});

const group = '/aws/vendedlogs/states/double';
const resources = { Log: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: group } } };

type Event = { id: string; type: string; previous_event_id: string; details: Record<string, unknown> };

/** https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html */
describe('the log of a workflow', () => {
  let cloud: SmallCloud;
  let logs: CloudWatchLogsClient;
  let client: SFNClient;

  beforeAll(async () => {
    const machine = (more: object) => ({ states, statements: [mayLog, mayInvoke], more });
    cloud = await SmallCloud.start({
      machines: {
        double: machine(logging()),
        discreet: machine(logging({ IncludeExecutionData: false })),
        silent: machine(logging({ Level: 'OFF' })),
      },
      functions: {
        teller: `export const handler = async ({ n }) => { console.log('told', n); if (n > 9) throw new Error('too many'); return n; };`,
      },
      resources,
    });
    const settings = { region, endpoint: cloud.edge.url, credentials: outsideCredentials };
    logs = new CloudWatchLogsClient(settings);
    client = new SFNClient({ ...settings, disableHostPrefix: true });
  });

  afterAll(async () => {
    logs.destroy();
    client.destroy();
    await cloud.stop();
  });

  async function run(machine: string, n: number): Promise<string> {
    const input = JSON.stringify({ n });
    const { executionArn = '' } = await client.send(
      new StartSyncExecutionCommand({ stateMachineArn: arnOf(machine), input }),
    );
    return executionArn;
  }

  async function eventsOf(executionArn: string): Promise<Event[]> {
    const filterPattern = `{ $.execution_arn = "${executionArn}" }`;
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: group, filterPattern }));
    return events.map(({ message = '' }) => JSON.parse(message) as Event);
  }

  test('has every event, with what it worked on', async () => {
    const arn = await run('double', 2);
    const events = await eventsOf(arn);
    expect(events.map(({ id, type, previous_event_id }) => `${id} ${type} ${previous_event_id}`)).toEqual([
      '1 ExecutionStarted 0',
      '2 PassStateEntered 1',
      '3 PassStateExited 2',
      '4 TaskStateEntered 3',
      '5 TaskScheduled 4',
      '6 TaskStarted 5',
      '7 TaskSucceeded 6',
      '8 TaskStateExited 7',
      '9 ExecutionSucceeded 8',
    ]);
    const untruncated = { truncated: false };
    expect(events[0]).toEqual({
      id: '1',
      type: 'ExecutionStarted',
      details: {
        input: '{"n":2}',
        inputDetails: untruncated,
        roleArn: 'arn:aws:iam::000000000000:role/Small-doubleRole',
      },
      previous_event_id: '0',
      event_timestamp: expect.stringMatching(/^\d{13}$/) as string,
      execution_arn: arn,
      redrive_count: '0',
    });
    expect(events[2]?.details).toEqual({
      ...{ name: 'Double', output: '4', outputDetails: untruncated },
      assignedVariables: { n: '2' },
    });
    expect(events[4]?.details).toEqual({
      ...{ resource: 'invoke', resourceType: 'lambda', region },
      parameters: '{"FunctionName":"Small-teller","Payload":{"n":4}}',
    });
    expect(events[8]?.details).toEqual({ output: '4', outputDetails: untruncated });
  });

  test('has what failed', async () => {
    const events = await eventsOf(await run('double', 5));
    expect(events.slice(-2)).toMatchObject([
      { type: 'TaskFailed', details: { error: 'Error', cause: expect.stringContaining('too many') as string } },
      { type: 'ExecutionFailed', details: { error: 'Error', cause: expect.stringContaining('too many') as string } },
    ]);
  });

  test('leaves the data out when it is told to', async () => {
    const events = await eventsOf(await run('discreet', 2));
    expect(events).toHaveLength(9);
    expect(JSON.stringify(events)).not.toMatch(/input|output|parameters|assignedVariables/);
    expect(events[4]).toMatchObject({ details: { resource: 'invoke', resourceType: 'lambda', region } });
  });

  test('is none at level OFF', async () => {
    expect(await eventsOf(await run('silent', 2))).toEqual([]);
  });

  test('functions have one, too', async () => {
    await run('double', 3);
    const command = new FilterLogEventsCommand({ logGroupName: '/aws/lambda/Small-teller', filterPattern: '"told 6"' });
    const { events } = await logs.send(command);
    expect(events).toMatchObject([{ message: 'told 6', timestamp: expect.any(Number) as number }]);
  });

  /** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
  describe('FilterLogEvents', () => {
    test('pages through all that matches, nothing twice, nothing missing', async () => {
      const arn = await run('double', 4);
      const pages: number[] = [];
      const ids: string[] = [];
      const input = { logGroupName: group, filterPattern: `{ $.execution_arn = "${arn}" }`, limit: 4 };
      for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, input)) {
        pages.push(events.length);
        ids.push(...events.map(({ eventId = '' }) => eventId));
      }
      expect(pages).toEqual([4, 4, 1]);
      expect(new Set(ids).size).toBe(9);
    });

    test('takes times, both inclusive, streams and an ARN for the group', async () => {
      const arn = await run('double', 4);
      const filterPattern = `"${arn}"`;
      const all = await logs.send(new FilterLogEventsCommand({ logGroupName: group, filterPattern }));
      const [first] = all.events ?? [];
      const logGroupIdentifier = `arn:aws:logs:${region}:000000000000:log-group:${group}`;
      const find = async (more: object): Promise<number> => {
        const command = new FilterLogEventsCommand({ logGroupIdentifier, filterPattern, ...more });
        return (await logs.send(command)).events?.length ?? 0;
      };
      const { timestamp = 0, logStreamName = '' } = first ?? {};
      expect(logStreamName).toMatch(/^states\/Small-double\/\d{4}-\d\d-\d\d-\d\d-\d\d\/[0-9a-f]{8}$/);
      expect(await find({ startTime: timestamp })).toBe(9);
      expect(await find({ startTime: Date.now() + 10_000 })).toBe(0);
      expect(await find({ endTime: timestamp })).toBeGreaterThanOrEqual(1);
      expect(await find({ endTime: timestamp - 1 })).toBe(0);
      expect(await find({ logStreamNames: [logStreamName] })).toBe(9);
      expect(await find({ logStreamNamePrefix: 'states/Small-other' })).toBe(0);
    });

    test.each([
      ['a group that there is not', { logGroupName: 'none' }, 'ResourceNotFoundException'],
      ['a token that is none', { logGroupName: group, nextToken: 'x' }, 'InvalidParameterException'],
      ['too many at once', { logGroupName: group, limit: 10_001 }, 'InvalidParameterException'],
      ['a pattern that is none', { logGroupName: group, filterPattern: '{ $.a ~ 1 }' }, 'InvalidParameterException'],
      [
        'names and a prefix of streams',
        { logGroupName: group, logStreamNames: ['a'], logStreamNamePrefix: 'a' },
        'InvalidParameterException',
      ],
    ])('refuses %s', async (_what, input, error) => {
      await expect(logs.send(new FilterLogEventsCommand(input))).rejects.toMatchObject({ name: error });
    });
  });
});

describe('a workflow does not boot', () => {
  const boot = (statements: object[], more: object) =>
    SmallCloud.start({
      machines: { double: { states: { A: { Type: 'Succeed' } }, statements: statements as never, more } },
      resources,
    });

  test('when its role may not write its log', async () => {
    await expect(boot([{ ...mayLog, Action: mayLog.Action.slice(1) }], logging())).rejects.toThrow(
      'Workflows may not write their log or trace:\n  - Small-double: logs:CreateLogDelivery on *',
    );
  });

  test('when it is traced and its role may not write traces', async () => {
    const traced = { TracingConfiguration: { Enabled: true } };
    await expect(boot([], traced)).rejects.toThrow('xray:PutTraceSegments, xray:PutTelemetryRecords');
  });

  test.each([
    ['of another type', { StateMachineType: 'STANDARD' }, 'the embedded cloud implements EXPRESS'],
    ['at another log level', logging({ Level: 'ERROR' }), 'implements ALL and OFF'],
    ['with an unknown property', { EncryptionConfiguration: {} }, 'property EncryptionConfiguration of'],
  ])('%s', async (_which, more, problem) => {
    await expect(boot([mayLog], more)).rejects.toThrow(problem);
  });
});
