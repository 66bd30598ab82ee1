import { SFNClient, StartExecutionCommand, StartSyncExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
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

describe('Express workflows behind the edge', () => {
  let cloud: SmallCloud;
  let client: SFNClient;
  let tables: DynamoDBClient;

  beforeAll(async () => {
    cloud = await SmallCloud.start({
      machines: { greet: { states, statements: mayAll }, powerless: { states } },
      functions: {
        greeter: `export const handler = async ({ name }) => {
          if (name === 'nobody') { const error = new Error('nobody is there'); error.name = 'NoSuchPerson'; throw error; }
          return { name, text: 'Hello ' + name };
        };`,
      },
      tables: ['Greetings'],
    });
    const settings = { region, endpoint: cloud.edge.url, credentials: outsideCredentials, disableHostPrefix: true };
    client = new SFNClient(settings);
    tables = new DynamoDBClient(settings);
  });

  afterAll(async () => {
    client.destroy();
    tables.destroy();
    await cloud.stop();
  });

  test('StartSyncExecution waits for the output', async () => {
    const command = new StartSyncExecutionCommand({
      stateMachineArn: arnOf('greet'),
      input: JSON.stringify({ name: 'ada' }),
      name: 'first',
    });
    const answer = await client.send(command);
    expect(answer).toMatchObject({
      status: 'SUCCEEDED',
      output: '"Hello ada"',
      input: '{"name":"ada"}',
      name: 'first',
    });
    expect(answer.executionArn).toMatch(
      /^arn:aws:states:us-east-1:000000000000:express:Small-greet:first:[0-9a-f-]{36}$/,
    );
  });

  test('StartExecution answers at once, and the execution goes on', async () => {
    const command = new StartExecutionCommand({ stateMachineArn: arnOf('greet'), input: '{"name":"bob"}' });
    expect((await client.send(command)).startDate).toBeInstanceOf(Date);
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

  test('errors have the names that Step Functions gives them', async () => {
    const run = (machine: string, name: string) =>
      client.send(new StartSyncExecutionCommand({ stateMachineArn: arnOf(machine), input: JSON.stringify({ name }) }));
    expect(await run('greet', 'nobody')).toMatchObject({
      status: 'FAILED',
      error: 'NoSuchPerson',
      cause: expect.stringContaining('"errorMessage":"nobody is there"') as string,
    });
    await run('greet', 'twice');
    expect(await run('greet', 'twice')).toMatchObject({
      error: 'DynamoDb.ConditionalCheckFailedException',
      cause: expect.stringMatching(
        /The conditional request failed \(Service: DynamoDb, Status Code: 400, Request ID: .+\)/,
      ) as string,
    });
    expect(await run('powerless', 'vera')).toMatchObject({
      error: 'Lambda.AWSLambdaException',
      cause: expect.stringContaining('is not authorized to perform: lambda:InvokeFunction') as string,
    });
  });
});
