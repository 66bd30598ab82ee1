import { createHash } from 'node:crypto';
import { startEdge, type Edge } from '../../../local/edge/edge.ts';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import type { AwsCall } from '../../../local/edge/call.ts';
import { loadStates } from './runs.ts';
import { runDefinition } from '../../setup/run-definition.ts';
import type { ExecutionResult } from '../../../local/step-functions/interpreter/execution.ts';
import type { Json } from '../../../local/step-functions/json.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html */
describe('SDK integrations', () => {
  let edge: Edge;
  const calls: AwsCall[] = [];
  let answer: object = {};

  beforeAll(async () => {
    const backend = (call: AwsCall) => {
      calls.push(call);
      const headers = { 'content-type': 'application/x-amz-json-1.0' };
      return Promise.resolve({ status: 200, headers, body: JSON.stringify(answer) });
    };
    const backends = { dynamodb: backend, sqs: backend, states: backend };
    edge = await startEdge({ region: 'us-east-1', accountId: '000000000000', principals: [], backends });
  });

  afterEach(() => {
    calls.splice(0);
    edge.faults.clear();
  });

  afterAll(() => edge.stop());

  function call(resource: string, Arguments: Json): Promise<ExecutionResult> {
    const state = { Type: 'Task', Resource: `arn:aws:states:::aws-sdk:${resource}`, Arguments, End: true };
    const settings = { endpoint: edge.url, region: 'us-east-1', credentials: outsideCredentials };
    return runDefinition(loadStates({ Call: state }), {}, { perform: settings });
  }

  test('take parameters in PascalCase, and give results so, times as text', async () => {
    answer = { executionArn: 'arn:aws:states:us-east-1:0:express:m:e:1', startDate: 1_767_225_600.5 };
    const stateMachineArn = 'arn:aws:states:us-east-1:0:stateMachine:m';
    const result = await call('sfn:startExecution', { StateMachineArn: stateMachineArn, Input: '{}' });
    expect(calls).toMatchObject([
      { service: 'states', action: 'StartExecution', input: { stateMachineArn, input: '{}' } },
    ]);
    expect(result).toMatchObject({
      output: { ExecutionArn: 'arn:aws:states:us-east-1:0:express:m:e:1', StartDate: '2026-01-01T00:00:00.500Z' },
    });
  });

  test('leave the names of attributes and other keys of maps as they are', async () => {
    answer = { Item: { name: { S: 'a' }, BOOL: { M: { MD5: { L: [{ N: '1' }] } } } } };
    const result = await call('dynamodb:getItem', { TableName: 'T', Key: { NULL: { S: 'x' } } });
    expect(calls).toMatchObject([{ input: { TableName: 'T', Key: { NULL: { S: 'x' } } } }]);
    expect(result).toMatchObject({ output: answer });
  });

  test('spell acronyms as the SDK for Java does, DynamoDB’s types of values among them', async () => {
    const asDynamoDb = { yes: { BOOL: true }, none: { NULL: true }, words: { SS: ['a'] }, numbers: { NS: ['1'] } };
    const asWorkflow = { yes: { Bool: true }, none: { Nul: true }, words: { Ss: ['a'] }, numbers: { Ns: ['1'] } };
    answer = { Attributes: asDynamoDb };
    const result = await call('dynamodb:putItem', { TableName: 'T', Item: asWorkflow });
    expect(calls).toMatchObject([{ input: { Item: asDynamoDb } }]);
    expect(result).toMatchObject({ output: { Attributes: asWorkflow } });
    expect(await call('dynamodb:putItem', "{% {'TableName': 'T', 'Item': {'yes': {'BOOL': true}}} %}")).toMatchObject({
      error: 'States.Runtime',
    });
  });

  test('stay with the endpoint for SQS, whatever the queue’s URL', async () => {
    answer = { MessageId: '1', MD5OfMessageBody: createHash('md5').update('text').digest('hex') };
    const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/queue';
    expect(await call('sqs:sendMessage', { QueueUrl, MessageBody: 'text' })).toMatchObject({
      output: { MessageId: '1', Md5OfMessageBody: expect.any(String) as string },
    });
  });

  test('try once: trying again is the Retry’s business', async () => {
    edge.faults.add({ service: 'dynamodb', fault: { error: 'InternalServerError', statusCode: 500 } });
    await call('dynamodb:getItem', { TableName: 'T', Key: {} });
    expect(edge.faults.list()).toMatchObject([{ struck: 1 }]);
  });

  test('fail for a parameter that there is not, and for binary data', async () => {
    const unknown = "{% {'TableName': 'T', 'Key': {}, 'Consistent': true} %}";
    expect(await call('dynamodb:getItem', unknown)).toMatchObject({
      error: 'States.Runtime',
      cause: expect.stringContaining('there is no parameter Consistent') as string,
    });
    expect(await call('dynamodb:getItem', { TableName: 'T', Key: { id: { B: 'AA==' } } })).toMatchObject({
      error: 'States.Runtime',
      cause: expect.stringContaining('binary data is not implemented') as string,
    });
    expect(calls).toEqual([]);
  });

  /** The names that Retry and Catch know are those of the AWS SDK for Java 2: java.sdk/latest, `software.amazon.awssdk.services.*.model`. */
  test.each([
    [
      'dynamodb:putItem',
      'dynamodb',
      'ConditionalCheckFailedException',
      400,
      'DynamoDb.ConditionalCheckFailedException',
    ],
    [
      'dynamodb:putItem',
      'dynamodb',
      'ProvisionedThroughputExceededException',
      400,
      'DynamoDb.ProvisionedThroughputExceededException',
    ],
    ['dynamodb:putItem', 'dynamodb', 'InternalServerError', 500, 'DynamoDb.InternalServerErrorException'],
    ['dynamodb:putItem', 'dynamodb', 'ValidationException', 400, 'DynamoDb.DynamoDbException'],
    ['dynamodb:putItem', 'dynamodb', 'AccessDeniedException', 400, 'DynamoDb.DynamoDbException'],
    ['sqs:sendMessage', 'sqs', 'QueueDoesNotExist', 400, 'Sqs.QueueDoesNotExistException'],
    ['sqs:sendMessage', 'sqs', 'AccessDeniedException', 403, 'Sqs.SqsException'],
    ['sns:publish', 'sns', 'NotFound', 404, 'Sns.NotFoundException'],
    ['sns:publish', 'sns', 'AuthorizationError', 403, 'Sns.AuthorizationErrorException'],
    ['sns:publish', 'sns', 'KMSAccessDenied', 400, 'Sns.KmsAccessDeniedException'],
    ['sns:publish', 'sns', 'Throttled', 429, 'Sns.ThrottledException'],
    ['sfn:startExecution', 'states', 'StateMachineDoesNotExist', 400, 'Sfn.StateMachineDoesNotExistException'],
    ['sfn:startExecution', 'states', 'AccessDeniedException', 400, 'Sfn.SfnException'],
    [
      'cloudwatch:putMetricData',
      'cloudwatch',
      'InvalidParameterValueException',
      400,
      'CloudWatch.InvalidParameterValueException',
    ],
    ['cloudwatch:putMetricData', 'cloudwatch', 'AccessDeniedException', 400, 'CloudWatch.CloudWatchException'],
  ])('an error of %s: %s %s %s is %s', async (resource, service, error, statusCode, name) => {
    edge.faults.add({ service, fault: { error, statusCode, message: 'what happened' } });
    const parameters = {
      TableName: 'T',
      Item: {},
      QueueUrl: 'https://q/1/q',
      MessageBody: 'b',
      TopicArn: 'arn:aws:sns:us-east-1:0:t',
      Message: 'm',
      StateMachineArn: 'arn:aws:states:us-east-1:0:stateMachine:m',
      Namespace: 'N',
      MetricData: [{ MetricName: 'M', Value: 1 }],
    };
    const known: Record<string, (keyof typeof parameters)[]> = {
      dynamodb: ['TableName', 'Item'],
      sqs: ['QueueUrl', 'MessageBody'],
      sns: ['TopicArn', 'Message'],
      states: ['StateMachineArn'],
      cloudwatch: ['Namespace', 'MetricData'],
    };
    const Arguments = Object.fromEntries((known[service] ?? []).map((parameter) => [parameter, parameters[parameter]]));
    expect(await call(resource, Arguments)).toMatchObject({
      status: 'FAILED',
      error: name,
      cause: expect.stringMatching(
        `^what happened \\(Service: \\w+, Status Code: ${statusCode}, Request ID: .+\\)$`,
      ) as string,
    });
  });

  test('a cancelled transaction says in its cause what became of each action', async () => {
    const message =
      'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]';
    const fields = { CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }] };
    edge.faults.add({
      service: 'dynamodb',
      fault: { error: 'TransactionCanceledException', statusCode: 400, message, fields },
    });
    expect(await call('dynamodb:transactWriteItems', { TransactItems: [], ClientRequestToken: 't' })).toMatchObject({
      error: 'DynamoDb.TransactionCanceledException',
      cause: expect.stringContaining('[None, ConditionalCheckFailed] (Service: DynamoDb,') as string,
    });
  });

  /** https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html and .../sfn-best-practices.html, "Handling transient Lambda service exceptions" */
  test.each([
    ['TooManyRequestsException', 429, 'Lambda.TooManyRequestsException'],
    ['ServiceException', 500, 'Lambda.ServiceException'],
    ['ResourceNotFoundException', 404, 'Lambda.ResourceNotFoundException'],
    ['AccessDeniedException', 403, 'Lambda.AWSLambdaException'],
  ])('an error of lambda:invoke: %s %s is %s', async (error, statusCode, name) => {
    edge.faults.add({ service: 'lambda', fault: { error, statusCode } });
    const Arguments = { FunctionName: 'f', Payload: {} };
    const state = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments, End: true };
    const settings = { endpoint: edge.url, region: 'us-east-1', credentials: outsideCredentials };
    const result = await runDefinition(loadStates({ Call: state }), {}, { perform: settings });
    expect(result).toMatchObject({ status: 'FAILED', error: name });
  });
});
