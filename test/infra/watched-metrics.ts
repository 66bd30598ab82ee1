import type { Resource, Synthesized } from './synthesized.ts';

/** A metric that an alarm or a widget reads. Values of dimensions are text; what the template refers to stands as `<id>` or `<id.Attribute>`. */
export interface WatchedMetric {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  statistic: string;
}

/** The pages on which AWS says which metrics there are, with which dimensions. */
export const vendedMetrics: Record<string, { page: string; metrics: string[]; dimensions: string[][] }> = {
  'AWS/Lambda': {
    page: 'https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html',
    metrics: ['Invocations', 'Errors', 'Throttles', 'Duration', 'ConcurrentExecutions', 'IteratorAge'],
    dimensions: [['FunctionName']],
  },
  'AWS/SQS': {
    page: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html',
    metrics: [
      'ApproximateAgeOfOldestMessage',
      'ApproximateNumberOfMessagesVisible',
      'ApproximateNumberOfMessagesNotVisible',
    ],
    dimensions: [['QueueName']],
  },
  'AWS/SNS': {
    page: 'https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html',
    metrics: [
      'NumberOfNotificationsFailed',
      'NumberOfNotificationsRedrivenToDlq',
      'NumberOfNotificationsFailedToRedriveToDlq',
    ],
    dimensions: [['TopicName']],
  },
  'AWS/States': {
    page: 'https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html',
    metrics: ['ExecutionsStarted', 'ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionTime'],
    dimensions: [['StateMachineArn']],
  },
  'AWS/DynamoDB': {
    page: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html',
    metrics: ['ReadThrottleEvents', 'WriteThrottleEvents'],
    dimensions: [['TableName'], ['GlobalSecondaryIndexName', 'TableName']],
  },
  'AWS/ApiGateway': {
    page: 'https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html, http-api-metrics.html',
    metrics: [
      'ConnectCount',
      'MessageCount',
      'ClientError',
      'IntegrationError',
      'ExecutionError',
      'Count',
      '4xx',
      '5xx',
    ],
    dimensions: [['ApiId', 'Stage']],
  },
  'AWS/AppSync': {
    page: 'https://docs.aws.amazon.com/appsync/latest/devguide/monitoring.html',
    metrics: ['4XXError', '5XXError'],
    dimensions: [['GraphQLAPIId']],
  },
};

/** The metrics of one alarm. */
export function metricsOfAlarm({ Properties }: Resource): WatchedMetric[] {
  if (!Properties.Metrics) return [ofProperties(Properties, Properties.Statistic ?? Properties.ExtendedStatistic)];
  return Properties.Metrics.flatMap((query: { MetricStat?: { Metric: object; Stat: string } }) =>
    query.MetricStat ? [ofProperties(query.MetricStat.Metric, query.MetricStat.Stat)] : [],
  );
}

/** A widget with what it says and the metrics it draws. */
export interface Widget {
  type: string;
  title: string;
  markdown: string;
  width: number;
  metrics: WatchedMetric[];
}

/** The widgets of the stack's dashboard. */
export function widgetsOf(dashboard: Resource): Widget[] {
  const { widgets } = JSON.parse(textOf(dashboard['Properties'].DashboardBody)) as {
    widgets: {
      type: string;
      width: number;
      properties: { title?: string; markdown?: string; metrics?: unknown[][] };
    }[];
  };
  return widgets.map(({ type, width, properties: { title = '', markdown = '', metrics = [] } }) => ({
    ...{ type, title, markdown, width },
    metrics: metrics.flatMap((line) => ofWidget(line)),
  }));
}

/** `[namespace, name, dimension, value, .., options]`; a line of options alone is an expression over other lines. */
function ofWidget(line: unknown[]): WatchedMetric[] {
  const options = (typeof line.at(-1) === 'object' ? line.at(-1) : {}) as { stat?: string };
  const [namespace, name, ...rest] = line.filter((part) => typeof part === 'string');
  if (namespace === undefined || name === undefined) return [];
  const pairs = Array.from({ length: rest.length / 2 }, (_none, index) => [rest[2 * index], rest[2 * index + 1]]);
  return [{ namespace, name, dimensions: Object.fromEntries(pairs), statistic: options.stat ?? 'Average' }];
}

function ofProperties(
  properties: { Namespace?: string; MetricName?: string; Dimensions?: { Name: string; Value: unknown }[] },
  statistic: string,
): WatchedMetric {
  const { Namespace = '', MetricName = '', Dimensions = [] } = properties;
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, textOf(Value)]));
  return { namespace: Namespace, name: MetricName, dimensions, statistic };
}

/** A value of the template as text, with `<id>` for what it refers to. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, ...functions } = value as { Ref?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]] };
  if (Ref !== undefined) return `<${Ref}>`;
  if (functions['Fn::GetAtt']) return `<${functions['Fn::GetAtt'].join('.')}>`;
  const [separator, parts] = functions['Fn::Join'] ?? ['', []];
  return parts.map(textOf).join(separator);
}

/** What a metric's dimensions may name: the values that resources of the template have. */
export function namesIn(stack: Synthesized): Record<string, string[]> {
  const ids = (type: string): string[] => stack.ofType(type).map(({ id }) => id);
  const indexes = stack
    .ofType('AWS::DynamoDB::Table')
    .flatMap(({ Properties }) => (Properties.GlobalSecondaryIndexes ?? []) as { IndexName: string }[]);
  return {
    FunctionName: stack.ofType('AWS::Lambda::Function').map(({ Properties }) => textOf(Properties.FunctionName)),
    QueueName: ids('AWS::SQS::Queue').map((id) => `<${id}.QueueName>`),
    TopicName: ids('AWS::SNS::Topic').map((id) => `<${id}.TopicName>`),
    TableName: ids('AWS::DynamoDB::Table').map((id) => `<${id}>`),
    GlobalSecondaryIndexName: indexes.map(({ IndexName }) => IndexName),
    StateMachineArn: stack
      .ofType('AWS::StepFunctions::StateMachine')
      .map(({ Properties }) => stateMachineArn(textOf(Properties.StateMachineName))),
    ApiId: ids('AWS::ApiGatewayV2::Api').map((id) => `<${id}>`),
    Stage: stack.ofType('AWS::ApiGatewayV2::Stage').map(({ Properties }) => textOf(Properties.StageName)),
    GraphQLAPIId: ids('AWS::AppSync::GraphQLApi').map((id) => `<${id}.ApiId>`),
  };
}

function stateMachineArn(name: string): string {
  return `arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:${name}`;
}
