import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environments, settingsOf } from '../../infra/config.ts';
import { Synthesized, root, targetId } from './synthesized.ts';

describe.each(environments)('functions of %s', (environment) => {
  const stack = new Synthesized(environment);
  const functions = [...stack.functions()];

  it('has one function for each role in delivery and each group of actions', () => {
    expect(functions.map(([name]) => name).sort()).toEqual([
      'a2p-http-publisher',
      'authenticate',
      'connection',
      'dead-letter-recorder',
      'delivery-retry',
      'fan-out',
      'heartbeat',
      'message-processor',
      'p2p-websocket-publisher',
      'permission-stream',
      'permissions-http',
      'redrive-batch',
      'replay',
      'report',
      'subscription',
      'websocket-authorizer',
    ]);
  });

  it.each(functions)('%s runs its bundle on Node 24 and arm64', (name, { Properties }) => {
    expect(existsSync(join(root, 'functions', name, 'handler.ts'))).toBe(true);
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Code: { S3Key: expect.stringMatching(/^[0-9a-f]{64}\.zip$/) },
    });
  });

  it.each(functions)('%s tells X-Ray of its work', (_, resource) => {
    expect(resource['Properties'].TracingConfig).toEqual({ Mode: 'Active' });
    expect(stack.statementsOf(resource)).toContainEqual({
      Effect: 'Allow',
      Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
      Resource: '*',
    });
  });

  it.each(functions)('%s writes a log group of its own that does not grow for ever', (_, { Properties }) => {
    const logGroup = stack.target(Properties.LoggingConfig.LogGroup);
    expect(logGroup['Properties']).toEqual({
      LogGroupName: `/aws/lambda/${Properties.FunctionName}`,
      RetentionInDays: settingsOf(environment).logRetention,
    });
  });

  it('tells in which of their log groups messages can be followed', () => {
    const outputs = stack.template.toJSON()['Outputs'] as Record<string, { Value: string }>;
    const named = new Map(functions.map(([name, { Properties }]) => [`/aws/lambda/${Properties.FunctionName}`, name]));
    expect(outputs['MessageLogs']?.Value.split(',').map((group) => named.get(group))).toEqual([
      ...['p2p-websocket-publisher', 'a2p-http-publisher', 'message-processor', 'fan-out', 'delivery-retry'],
      ...['dead-letter-recorder', 'redrive-batch'],
    ]);
  });

  it('keeps every log group for a limited time', () => {
    for (const { Properties } of stack.ofType('AWS::Logs::LogGroup')) {
      expect(Properties.RetentionInDays).toBeGreaterThan(0);
    }
  });

  it('answers API Gateway before it gives up, after 29 seconds', () => {
    for (const [, { Properties }] of functions) expect(Properties.Timeout).toBeLessThan(29);
  });

  it.each(stack.eventSources('AWS::SQS::Queue'))(
    'reads a queue in batches, reports failures one by one and leaves time to finish: $id',
    ({ id, Properties }) => {
      // Jobs of a large chat are few, and each is much: they are shared out among the workers.
      expect(Properties).toMatchObject({
        BatchSize: id.includes('FanOutQueue') ? 3 : 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
      expect(Properties.ScalingConfig.MaximumConcurrency).toBeGreaterThanOrEqual(2);
      // A FIFO queue cannot gather a batch over time; here none does.
      expect(Properties.MaximumBatchingWindowInSeconds).toBeUndefined();
      const queue = stack.target(Properties.EventSourceArn);
      const consumer = stack.target(Properties.FunctionName);
      expect(queue['Properties'].VisibilityTimeout).toBeGreaterThanOrEqual(6 * consumer['Properties'].Timeout);
    },
  );

  it('follows the stream of permissions from its beginning, and gives up a record that cannot be followed without losing word of it', () => {
    const streams = stack.eventSources('AWS::DynamoDB::Table');
    expect(streams).toHaveLength(1);
    for (const { Properties } of streams) {
      expect(stack.target(Properties.FunctionName)).toEqual(stack.functions().get('permission-stream'));
      expect(Properties.EventSourceArn).toEqual({
        'Fn::GetAtt': [stack.at('Tables/Permissions', 'AWS::DynamoDB::Table').id, 'StreamArn'],
      });
      expect(Properties).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ParallelizationFactor: 10,
      });
      // New permissions take nothing away; of the others none may be kept from it.
      const patterns = Properties.FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern));
      expect(patterns).toEqual([{ eventName: ['MODIFY', 'REMOVE'] }]);
      // Without an end to either, one bad record would hold up every revocation behind it for a day.
      expect(Properties.MaximumRetryAttempts).toBeGreaterThan(0);
      expect(Properties.MaximumRecordAgeInSeconds).toBeGreaterThan(0);
      // One that waits for a batch to fill would leave revoked sockets listening.
      expect(Properties.MaximumBatchingWindowInSeconds).toBeUndefined();
      const failures = stack.target(Properties.DestinationConfig.OnFailure.Destination);
      expect(failures).toMatchObject({
        Type: 'AWS::SQS::Queue',
        Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3600 },
      });
      expect(stack.functionsAllowed('sqs:SendMessage', failures.id)).toEqual(['permission-stream']);
    }
  });

  it('gives up on a record before SQS does', () => {
    const { processor, deliveryRetry } = settingsOf(environment);
    for (const { retries, maxReceiveCount } of [processor, deliveryRetry]) {
      expect(retries.length + 1).toBeLessThan(maxReceiveCount);
    }
  });

  it('tells functions where things are by reference; a workflow, whose role may name itself, by a name that one has', () => {
    const workflows = stack
      .ofType('AWS::StepFunctions::StateMachine')
      .map(({ Properties }) => Properties.StateMachineName);
    for (const [, { Properties }] of functions) {
      for (const [name, value] of Object.entries(Properties.Environment.Variables)) {
        if (!/_TABLE$|_ARN$|_URL$|_ID$/.test(name)) continue;
        const [, workflow] = /:stateMachine:([^"]+)"/.exec(JSON.stringify(value)) ?? [];
        if (workflow === undefined) expect(targetId(value)).toBeDefined();
        else expect(workflows).toContain(workflow);
      }
    }
  });

  it('sends posts to the stage that clients connect to', () => {
    const api = stack.at('WebSocket/Api', 'AWS::ApiGatewayV2::Api').id;
    for (const name of ['message-processor', 'delivery-retry', 'permission-stream']) {
      expect(stack.functions().get(name)?.['Properties'].Environment.Variables.WEBSOCKET_ENDPOINT).toEqual({
        'Fn::Join': [
          '',
          ['https://', { Ref: api }, '.execute-api.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }, '/dvl'],
        ],
      });
    }
  });
});
