import { environments } from '../../infra/config.ts';
import { metricNamespace } from '../../functions/platform/metric-catalogue.ts';
import { problemOfId } from '../../resolvers/rules/ids.ts';
import { listed, type Resource, type Statement, Synthesized, targetId } from './synthesized.ts';

describe.each(environments)('permissions of %s', (environment) => {
  const stack = new Synthesized(environment);
  const functions = [...stack.functions()];
  const table = (name: string): string => stack.at(`Tables/${name}`, 'AWS::DynamoDB::Table').id;

  it('gives each function a role that is its own', () => {
    const roles = functions.map(([, { Properties }]) => targetId(Properties.Role));
    expect(new Set(roles).size).toBe(functions.length);
  });

  it('writes every permission by hand but those of the account-wide logging of API Gateway', () => {
    // API Gateway refuses a role for its logs that has less than the managed policy gives.
    const managed = stack.ofType('AWS::IAM::Role').filter(({ Properties }) => Properties.ManagedPolicyArns);
    expect(managed.map(({ id }) => id)).toEqual([stack.at('WebSocket/LoggingRole', 'AWS::IAM::Role').id]);
  });

  it.each(functions)('%s may do named actions on named resources', (_, resource) => {
    for (const { Effect, Action, Resource } of stack.statementsOf(resource)) {
      expect(Effect).toBe('Allow');
      for (const action of listed(Action)) expect(action).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
      for (const target of listed(Resource)) {
        const text = JSON.stringify(target);
        // Connection ids are given out as clients connect, so this one ends in a wildcard: one stage, one method.
        // Reading a stream is a right on that stream, listing a table's streams one on all it ever had.
        if (listed(Action).join() === 'dynamodb:ListStreams' && text.endsWith('"/stream/*"]]}')) continue;
        if (/"\/dvl\/(POST|DELETE)\/@connections\/\*"/.test(text)) continue;
        // X-Ray knows no resources to send segments to.
        if (listed(Action).every((action) => action.startsWith('xray:Put')) && target === '*') continue;
        expect(text).not.toContain('*');
      }
    }
  });

  it.each(functions)('%s logs to its own log group only', (_, resource) => {
    const logging = stack
      .statementsOf(resource)
      .filter(({ Action }) => listed(Action).some((action) => action.startsWith('logs:')));
    expect(logging).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: { 'Fn::GetAtt': [targetId(resource['Properties'].LoggingConfig.LogGroup), 'Arn'] },
      },
    ]);
  });

  it('lets whoever takes reports log and trace, and do nothing else', () => {
    const report = stack.functions().get('report');
    const actions = stack.statementsOf(report ?? stack.target({})).flatMap(({ Action }) => listed(Action));
    expect(actions.map((action) => action.split(':')[0])).toEqual(['logs', 'logs', 'xray', 'xray']);
  });

  /** What a workflow's own role allows on something of the stack, or on anything, besides its log and its trace. */
  function allowedTo(workflow: string): Statement[] {
    const machine = stack
      .ofType('AWS::StepFunctions::StateMachine')
      .find(({ Properties }) => String(Properties.StateMachineName).endsWith(`-${workflow}`));
    if (!machine) throw new Error(`There is no workflow ${workflow}`);
    const withRole: Resource = { ...machine, Properties: { Role: machine['Properties'].RoleArn } };
    return stack.statementsOf(withRole).filter(({ Action }) => !/^(logs|xray):/.test(listed(Action)[0] ?? ''));
  }

  it('lets whoever counts dead letters read their table, and write the service’s metrics alone', () => {
    expect(allowedTo('dead-letter-watch')).toEqual([
      {
        Effect: 'Allow',
        Action: 'dynamodb:BatchGetItem',
        Resource: { 'Fn::GetAtt': [table('DeadLetters'), 'Arn'] },
      },
      {
        Effect: 'Allow',
        Action: 'cloudwatch:PutMetricData',
        Resource: '*',
        Condition: { StringEquals: { 'cloudwatch:namespace': metricNamespace } },
      },
    ]);
  });

  it('lets whoever keeps the permissions’ stream from being silent write one row, which is nobody’s permission', () => {
    const [write] = allowedTo('permission-stream-watch');
    const condition = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['!beat'] } };
    expect(allowedTo('permission-stream-watch')).toHaveLength(1);
    expect(write).toEqual({
      Effect: 'Allow',
      Action: 'dynamodb:UpdateItem',
      Resource: { 'Fn::GetAtt': [table('Permissions'), 'Arn'] },
      Condition: condition,
    });
    expect(problemOfId('chatId', '!beat')).not.toBeNull();
    expect(problemOfId('userId', '!beat')).not.toBeNull();
  });

  it('hands the change of that row, as every change, to whoever follows permissions', () => {
    const [mapping] = stack.eventSources('AWS::DynamoDB::Table');
    const { Filters = [{ Pattern: '{"eventName":["MODIFY"]}' }] } = mapping?.['Properties'].FilterCriteria ?? {};
    const [filter, ...others] = Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern) as object);
    expect(others).toEqual([]);
    expect(filter).toEqual({ eventName: expect.arrayContaining(['MODIFY']) });
  });

  it('lets publishers publish, and nobody else', () => {
    expect(stack.functionsAllowed('sns:Publish')).toEqual(['a2p-http-publisher', 'p2p-websocket-publisher']);
  });

  it('lets the processor write history and numbers, /permissions grants and counts of admins, and nobody else', () => {
    const writes = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'].map((action) => `dynamodb:${action}`);
    const writers = (name: string): string[] => [
      ...new Set(writes.flatMap((action) => stack.functionsAllowed(action, table(name)))),
    ];
    expect(writers('Messages')).toEqual(['message-processor']);
    expect(writers('Chats')).toEqual(['message-processor', 'permissions-http']);
    expect(writers('Permissions')).toEqual(['permissions-http']);
  });

  it('lets the actions of live sockets read history, and write subscriptions and the ends of tokens alone', () => {
    const writes = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'].map((action) => `dynamodb:${action}`);
    const written = (name: string): string[] =>
      ['Permissions', 'Connections', 'Subscriptions', 'Chats', 'Messages', 'RateLimits'].filter((tableName) =>
        writes.some((action) => stack.functionsAllowed(action, table(tableName)).includes(name)),
      );
    expect(written('subscription')).toEqual(['Subscriptions', 'RateLimits']);
    expect(written('replay')).toEqual([]);
    expect(written('heartbeat')).toEqual([]);
    expect(written('authenticate')).toEqual(['Connections', 'Subscriptions']);
    expect(stack.functionsAllowed('dynamodb:Query', table('Messages'))).toEqual(['replay', 'subscription']);
    expect(stack.functionsAllowed('dynamodb:ConditionCheckItem', table('Permissions'))).toEqual([
      'authenticate',
      'permission-stream',
      'permissions-http',
      'subscription',
    ]);
  });

  it('lets senders post to sockets, and only the retries close one', () => {
    const methods = (name: string): string[] => {
      const resource = stack.functions().get(name);
      if (!resource) throw new Error(`No function ${name}`);
      return stack
        .statementsOf(resource)
        .filter(({ Action }) => Action === 'execute-api:ManageConnections')
        .flatMap(({ Resource }) => JSON.stringify(Resource).match(/(?<=\/dvl\/)[A-Z]+/g) ?? [])
        .sort();
    };
    expect(stack.functionsAllowed('execute-api:ManageConnections')).toEqual([
      'delivery-retry',
      'fan-out',
      'message-processor',
      'permission-stream',
    ]);
    expect(methods('fan-out')).toEqual(['DELETE', 'POST']);
    expect(methods('permission-stream')).toEqual(['POST']);
    expect(methods('message-processor')).toEqual(['DELETE', 'POST']);
    expect(methods('delivery-retry')).toEqual(['DELETE', 'POST']);
  });

  it('lets a function read the stream that feeds it, and no other', () => {
    const [feeding] = stack.eventSources('AWS::DynamoDB::Table');
    const readers = [...stack.functions()].filter(([, resource]) =>
      stack.statementsOf(resource).some(({ Action }) => listed(Action).includes('dynamodb:GetRecords')),
    );
    expect(readers.map(([name]) => name)).toEqual(['permission-stream']);
    expect(stack.statementsOf(readers[0]?.[1] ?? stack.target({}))).toContainEqual({
      Effect: 'Allow',
      Action: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      Resource: feeding?.['Properties'].EventSourceArn,
    });
  });

  it('lets a function consume the queues that feed it, and no other', () => {
    const fed = new Map(functions.map(([name]) => [name, [] as string[]]));
    for (const { Properties } of stack.eventSources('AWS::SQS::Queue')) {
      const consumer = targetId(Properties.FunctionName);
      const name = functions.find(([, { id }]) => id === consumer)?.[0] ?? '';
      fed.get(name)?.push(targetId(Properties.EventSourceArn));
    }
    for (const [name, resource] of functions) {
      const consumable = stack
        .statementsOf(resource)
        .filter(({ Action }) => listed(Action).includes('sqs:ReceiveMessage'))
        .flatMap(({ Resource }) => listed(Resource).map(targetId));
      expect({ name, queues: consumable.sort() }).toEqual({ name, queues: fed.get(name)?.sort() });
    }
  });

  it('lets the recorder put dead letters, redrives change them and send to the queues they came from, and nobody else', () => {
    const deadLetters = table('DeadLetters');
    const allowed = (action: string, id: string): string[] => stack.functionsAllowed(action, id);
    expect(allowed('dynamodb:PutItem', deadLetters)).toEqual(['dead-letter-recorder']);
    expect(allowed('dynamodb:UpdateItem', deadLetters)).toEqual(['dead-letter-recorder', 'redrive-batch']);
    expect(allowed('dynamodb:DeleteItem', deadLetters)).toEqual([]);
    expect(allowed('dynamodb:UpdateItem', table('Redrives'))).toEqual(['redrive-batch']);
    const queue = (name: string): string => stack.at(`Messaging/${name}`, 'AWS::SQS::Queue').id;
    for (const name of ['StandardQueue', 'FifoQueue']) {
      expect(allowed('sqs:SendMessage', queue(name))).toEqual(['redrive-batch']);
    }
    expect(allowed('sqs:SendMessage', queue('DeliveryRetryQueue'))).toContain('redrive-batch');
    expect(allowed('sqs:SendMessage', queue('FanOutQueue'))).toContain('redrive-batch');
  });

  it('lets API Gateway invoke a function for the route or authorizer that uses it', () => {
    const permissions = stack.ofType('AWS::Lambda::Permission');
    const actions = ['subscribe', 'unsubscribe', 'replay', 'ping', 'authenticate', 'report'];
    const routes = ['$connect', '$disconnect', '$default', ...actions].map((key) => `/*${key}`);
    const apis = stack.ofType('AWS::ApiGatewayV2::Api').map(({ id }) => id);
    expect(permissions).toHaveLength(14);
    for (const { Properties } of permissions) {
      expect(Properties).toMatchObject({ Action: 'lambda:InvokeFunction', Principal: 'apigateway.amazonaws.com' });
      const parts: unknown[] = Properties.SourceArn['Fn::Join'][1];
      expect(apis.map((id) => ({ Ref: id }))).toContainEqual(parts.find((part) => apis.includes(Object(part).Ref)));
      expect([...routes, '/authorizers/', '/*/*/publish', '/*/*/permissions']).toContain(
        parts.findLast((part) => typeof part === 'string'),
      );
    }
  });
});
