import { DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { SFNClient, StartExecutionCommand, StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import { AwsV4Signer } from 'aws4fetch';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import { until } from '../../setup/until.ts';
import { arnOf, region, SmallCloud } from './small-cloud.ts';

const states = {
  Greet: {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName: 'Small-greeter', Payload: { name: '{% $states.input.name %}' } },
    Output: '{% $states.result.Payload %}',
    Next: 'Keep',
  },
  Keep: {
    Type: 'Task',
    Resource: 'arn:aws:states:::aws-sdk:dynamodb:putItem',
    Arguments: {
      TableName: 'Greetings',
      Item: { id: { S: '{% $states.input.name %}' }, text: { S: '{% $states.input.text %}' } },
      ConditionExpression: 'attribute_not_exists(id)',
    },
    Output: '{% $states.input.text %}',
    End: true,
  },
};

const mayAll = [
  { Action: 'lambda:InvokeFunction', Resource: { 'Fn::GetAtt': ['greeterFunction', 'Arn'] } },
  { Action: 'dynamodb:PutItem', Resource: { 'Fn::GetAtt': ['Greetings', 'Arn'] } },
];

/** Leaves a row of its own each time it runs. */
const leaving = {
  Leave: {
    Type: 'Task',
    Resource: 'arn:aws:states:::aws-sdk:dynamodb:putItem',
    Arguments: {
      TableName: 'Greetings',
      Item: { id: { S: '{% $uuid() %}' }, name: { S: '{% $states.input.name %}' } },
    },
    End: true,
  },
};

const greeter = `export const handler = async ({ name }) => {
  if (name === 'nobody') {
    const error = new Error('nobody is there');
    error.name = 'NoSuchPerson';
    throw error;
  }
  return { name, text: 'Hello ' + name };
};`;

describe('Express workflows behind the edge', () => {
  let cloud: SmallCloud;
  let client: SFNClient;
  let tables: DynamoDBClient;

  beforeAll(async () => {
    const machines = {
      greet: { states, statements: mayAll },
      powerless: { states },
      leave: { states: leaving, statements: mayAll.slice(1) },
    };
    cloud = await SmallCloud.start({ machines, functions: { greeter }, tables: ['Greetings'] });
    const settings = { region, endpoint: cloud.edge.url, credentials: outsideCredentials, disableHostPrefix: true };
    client = new SFNClient({ ...settings, maxAttempts: 1 });
    tables = new DynamoDBClient(settings);
  });

  afterEach(() => {
    cloud.edge.faults.clear();
    cloud.errors.splice(0);
  });

  afterAll(async () => {
    client.destroy();
    tables.destroy();
    await cloud.stop();
  });

  const start = (machine: string, input: object) =>
    client.send(new StartExecutionCommand({ stateMachineArn: arnOf(machine), input: JSON.stringify(input) }));
  const run = (machine: string, input: object) =>
    client.send(new StartSyncExecutionCommand({ stateMachineArn: arnOf(machine), input: JSON.stringify(input) }));
  const left = async (name: string): Promise<number> => {
    const { Items = [] } = await tables.send(new ScanCommand({ TableName: 'Greetings', ConsistentRead: true }));
    return Items.filter((item) => item['name']?.S === name).length;
  };

  test('StartSyncExecution waits for the output', async () => {
    const input = JSON.stringify({ name: 'ada' });
    const command = new StartSyncExecutionCommand({ stateMachineArn: arnOf('greet'), input, name: 'first' });
    const answer = await client.send(command);
    expect(answer).toMatchObject({ status: 'SUCCEEDED', output: '"Hello ada"', input, name: 'first' });
    expect(answer.executionArn).toMatch(
      /^arn:aws:states:us-east-1:000000000000:express:Small-greet:first:[0-9a-f-]{36}$/,
    );
    expect(answer.stopDate?.getTime()).toBeGreaterThanOrEqual(answer.startDate?.getTime() ?? Infinity);
  });

  test('StartExecution answers at once, and the execution goes on', async () => {
    expect((await start('greet', { name: 'bob' })).startDate).toBeInstanceOf(Date);
    const get = new GetItemCommand({ TableName: 'Greetings', Key: { id: { S: 'bob' } } });
    await until('the greeting', async () => (await tables.send(get)).Item !== undefined);
  });

  test('a signed POST is answered as AppSync makes it', async () => {
    const signer = new AwsV4Signer({
      ...outsideCredentials,
      url: `${cloud.edge.url}/`,
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AWSStepFunctions.StartSyncExecution' },
      body: JSON.stringify({ stateMachineArn: arnOf('greet'), input: '{"name":"carol"}' }),
      service: 'states',
      region,
    });
    const { url, method, headers, body } = await signer.sign();
    const response = await fetch(url, { method, headers, body: body as string });
    expect(await response.json()).toMatchObject({ status: 'SUCCEEDED', output: '"Hello carol"' });
  });

  describe('errors have the names that Step Functions gives them', () => {
    test('those of a function are its own', async () => {
      expect(await run('greet', { name: 'nobody' })).toMatchObject({
        status: 'FAILED',
        error: 'NoSuchPerson',
        cause: expect.stringMatching(
          /^{"errorType":"NoSuchPerson","errorMessage":"nobody is there","trace":\[/,
        ) as string,
      });
    });

    test('those of a service are after the exceptions of the AWS SDK for Java', async () => {
      await run('greet', { name: 'twice' });
      expect(await run('greet', { name: 'twice' })).toMatchObject({
        error: 'DynamoDb.ConditionalCheckFailedException',
        cause: expect.stringMatching(
          /The conditional request failed \(Service: DynamoDb, Status Code: 400, Request ID: .+\)/,
        ) as string,
      });
    });

    test('what IAM refuses is an exception of the service', async () => {
      expect(await run('powerless', { name: 'vera' })).toMatchObject({
        error: 'Lambda.AWSLambdaException',
        cause: expect.stringContaining('is not authorized to perform: lambda:InvokeFunction') as string,
      });
    });

    test('a call without an answer is one of the client', async () => {
      cloud.edge.faults.add({ service: 'dynamodb', role: 'leave', times: 1, fault: { dropReply: true } });
      expect(await run('leave', { name: 'dropped' })).toMatchObject({
        error: 'DynamoDb.SdkClientException',
        cause: expect.stringContaining('Unable to execute HTTP request') as string,
      });
      expect(await left('dropped')).toBe(1);
    });
  });

  /** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, "Errors" */
  describe('a start is refused', () => {
    test.each([
      ['for a machine that there is not', { stateMachineArn: arnOf('none') }, 'StateMachineDoesNotExist'],
      ['for what is no ARN', { stateMachineArn: 'greet' }, 'InvalidArn'],
      ['for an input that is no JSON', { input: '{' }, 'InvalidExecutionInput'],
      ['for an input that is too long', { input: JSON.stringify('x'.repeat(262_143)) }, 'ValidationException'],
      ['for a name with forbidden characters', { name: 'a b' }, 'InvalidName'],
      ['for a name that is too long', { name: 'x'.repeat(81) }, 'InvalidName'],
    ])('%s', async (_why, more, error) => {
      const starting = client.send(new StartExecutionCommand({ stateMachineArn: arnOf('greet'), ...more }));
      await expect(starting).rejects.toMatchObject({ name: error });
    });

    test('by IAM, for a role without the right', async () => {
      // The function's role may nothing.
      const { roleCredentials } = await import('../../../local/edge/credentials.ts');
      const credentials = roleCredentials('greeter');
      const powerless = new SFNClient({ region, endpoint: cloud.edge.url, credentials, maxAttempts: 1 });
      const starting = powerless.send(new StartExecutionCommand({ stateMachineArn: arnOf('greet') }));
      await expect(starting).rejects.toMatchObject({ name: 'AccessDeniedException' });
      powerless.destroy();
    });
  });

  test('an input of exactly 262,144 bytes is taken', async () => {
    const input = JSON.stringify({ name: 'nobody', more: 'x'.repeat(262_144 - 27) });
    expect(Buffer.byteLength(input)).toBe(262_144);
    const answer = await client.send(new StartSyncExecutionCommand({ stateMachineArn: arnOf('greet'), input }));
    expect(answer.error).toBe('NoSuchPerson');
  });

  test('a failed execution that nobody waits for is reported: what it was, where it went, and why', async () => {
    await run('greet', { name: 'nobody' });
    await start('greet', { name: 'nobody', more: 'x'.repeat(1_000) });
    await until('the report', async () => cloud.errors.length > 0);
    expect(cloud.errors.map(({ message }) => message.split('\n'))).toEqual([
      [
        expect.stringMatching(/^Execution [0-9a-f-]{36} of Small-greet failed: NoSuchPerson$/) as string,
        expect.stringMatching(/^ {2}cause {3}{"errorType":"NoSuchPerson"/) as string,
        expect.stringMatching(/^ {2}input {3}{"name":"nobody","more":"x{400,500} \.\. \(1027 characters\)$/) as string,
        '  states  Greet',
      ],
    ]);
  });

  /** https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html, "Execution guarantees" */
  describe('when the host of an execution dies', () => {
    const crash = (after: true | 'after', times: number): unknown =>
      cloud.edge.faults.add({ service: 'dynamodb', role: 'leave', action: 'PutItem', times, fault: { crash: after } });

    test('an asynchronous one begins again from its start, before the call took effect or after', async () => {
      crash(true, 2);
      await start('leave', { name: 'crashed before' });
      await until('its row', async () => (await left('crashed before')) === 1);
      cloud.edge.faults.clear();
      crash('after', 2);
      await start('leave', { name: 'crashed after' });
      await until('its rows', async () => (await left('crashed after')) === 3);
      expect(cloud.errors).toEqual([]);
    });

    test('a synchronous one is over, and its caller gets an error', async () => {
      crash('after', 1);
      await expect(run('leave', { name: 'crashed sync' })).rejects.toMatchObject({
        name: 'InternalServerError',
        $metadata: { httpStatusCode: 500 },
      });
      expect(await left('crashed sync')).toBe(1);
    });
  });

  test('an asynchronous execution runs more than once when a rule says so', async () => {
    cloud.edge.faults.add({ service: 'states', action: 'StartExecution', times: 1, fault: { repeat: 2 } });
    await start('leave', { name: 'repeated' });
    await until('every run', async () => (await left('repeated')) === 3);
    await start('leave', { name: 'not repeated' });
    await until('the one run', async () => (await left('not repeated')) === 1);
    expect(await left('repeated')).toBe(3);
  });

  test('a caller whose answer is lost may start it twice', async () => {
    cloud.edge.faults.add({ service: 'states', action: 'StartExecution', times: 1, fault: { dropReply: true } });
    await expect(start('leave', { name: 'unheard' })).rejects.toThrow();
    await until('the execution', async () => (await left('unheard')) === 1);
  });
});

describe('an execution that StartExecution acknowledged', () => {
  const waiting = {
    Wait: { Type: 'Wait', Seconds: '{% $states.input.seconds %}', Next: 'Leave' },
    ...leaving,
  };
  const template = {
    machines: { leave: { states: waiting, statements: mayAll.slice(1) } },
    tables: ['Greetings'],
  };

  test('begins again at the next start when the cloud stopped before its end', async () => {
    const first = await SmallCloud.start(template);
    const settings = { region, endpoint: first.edge.url, credentials: outsideCredentials };
    const client = new SFNClient(settings);
    const begin = (name: string, seconds: number) =>
      client.send(
        new StartExecutionCommand({ stateMachineArn: arnOf('leave'), input: JSON.stringify({ name, seconds }) }),
      );
    await begin('done', 0);
    const tables = new DynamoDBClient(settings);
    const scan = new ScanCommand({ TableName: 'Greetings', ConsistentRead: true });
    await until('the one that is done', async () => (await tables.send(scan)).Count === 1);
    await begin('cut short', 1);
    client.destroy();
    tables.destroy();
    await first.stop({ keepData: true });
    expect(first.errors).toEqual([]);

    const second = await SmallCloud.start(template, first.folder);
    const later = new DynamoDBClient({ ...settings, endpoint: second.edge.url });
    await until('the one that was cut short', async () => (await later.send(scan)).Count === 2);
    const { Items = [] } = await later.send(scan);
    expect(Items.map((item) => item['name']?.S).sort()).toEqual(['cut short', 'done']);
    later.destroy();
    await second.stop();
  });
});
