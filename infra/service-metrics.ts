import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

/** Where the service's own metrics are. */
export const namespace = 'WebSocketNotificationService';

/** `sequenced`: FIFO, with numbers of the service's own. */
export const messageTypes = ['standard', 'fifo', 'sequenced'] as const;

/** Functions that post to connections: a message for the first time, and again. */
export const senders = ['message-processor', 'fan-out'] as const;
export const posters = [...senders, 'delivery-retry'] as const;

/** Functions that somebody waits for: a socket or an HTTP caller. */
export const requestFunctions = [
  'websocket-authorizer',
  'connection',
  'p2p-websocket-publisher',
  'a2p-http-publisher',
  'subscription',
  'replay',
  'heartbeat',
  'authenticate',
  'permissions-http',
  'report',
] as const;

/**
 * Those whose every failure is ours. For Lambda the authorizer fails when it refuses a client without a good token, since it can only
 * throw; and it writes no metrics. What it does is counted from its log.
 */
export const answeringFunctions = requestFunctions.filter((name) => name !== 'websocket-authorizer');

/** Functions that are fed from queues, a stream or a workflow. */
export const messageFunctions = [
  'message-processor',
  'fan-out',
  'delivery-retry',
  'permission-stream',
  'dead-letter-recorder',
  'redrive-batch',
] as const;

/** `Refused`: a connection, for a reason. `Failed`: it could not decide. `Ended`: Lambda cut it off, or it crashed. */
export type AuthorizerCount = 'AuthorizerRefused' | 'AuthorizerFailed' | 'AuthorizerEnded';

/** All whose errors Lambda counts rightly. */
export const countedFunctions = [...answeringFunctions, ...messageFunctions];

/** How often an alarm looks, and how fine the dashboard is. */
export const period = Duration.minutes(1);

/** One value a minute of a metric, and how a graph calls it. */
export interface Reading {
  statistic: string;
  label?: string;
}

/** The metrics of one stack: those its functions write, and those AWS keeps of its resources. */
export class ServiceMetrics {
  readonly #stackName: string;

  constructor(scope: Construct) {
    this.#stackName = Stack.of(scope).stackName;
  }

  /**
   * A metric a function writes (functions/platform/metric-catalogue.ts), with exactly the dimensions it is written with:
   * for CloudWatch any others are another metric.
   */
  emitted(metricName: string, service: string, reading: Reading, by: Record<string, string> = {}): Metric {
    return this.of(namespace, metricName, { service, stack: this.#stackName, ...by }, reading);
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
  function(name: string, metricName: string, reading: Reading): Metric {
    return this.of('AWS/Lambda', metricName, { FunctionName: `${this.#stackName}-${name}` }, reading);
  }

  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
  queue({ queueName }: { queueName: string }, metricName: string, reading: Reading): Metric {
    return this.of('AWS/SQS', metricName, { QueueName: queueName }, reading);
  }

  /** https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html */
  topic({ topicName }: { topicName: string }, metricName: string, reading: Reading): Metric {
    return this.of('AWS/SNS', metricName, { TopicName: topicName }, reading);
  }

  /** https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html */
  workflow(arn: string, metricName: string, reading: Reading): Metric {
    return this.of('AWS/States', metricName, { StateMachineArn: arn }, reading);
  }

  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html: an index counts apart from its table. */
  table({ tableName }: { tableName: string }, index: string | undefined, metricName: string, reading: Reading): Metric {
    const dimensions = { TableName: tableName, ...(index !== undefined && { GlobalSecondaryIndexName: index }) };
    return this.of('AWS/DynamoDB', metricName, dimensions, reading);
  }

  /**
   * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html and
   * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
   */
  gateway({ apiId, stage }: { apiId: string; stage: string }, metricName: string, reading: Reading): Metric {
    return this.of('AWS/ApiGateway', metricName, { ApiId: apiId, Stage: stage }, reading);
  }

  /** https://docs.aws.amazon.com/appsync/latest/devguide/monitoring.html */
  graphql(apiId: string, metricName: string, reading: Reading): Metric {
    return this.of('AWS/AppSync', metricName, { GraphQLAPIId: apiId }, reading);
  }

  /** What a filter on the authorizer's log counts: without dimensions, in a namespace that is the stack's name. */
  ofAuthorizer(metricName: AuthorizerCount, reading: Reading): Metric {
    return this.of(this.#stackName, metricName, {}, reading);
  }

  private of(
    metricNamespace: string,
    metricName: string,
    dimensionsMap: Record<string, string>,
    { statistic, label }: Reading,
  ): Metric {
    return new Metric({ namespace: metricNamespace, metricName, dimensionsMap, statistic, period, label });
  }
}

/**
 * Several metrics as one. What is missing counts as 0, and is missing from the result only where all is
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, "Basic arithmetic functions"). In alarms there are
 * ten at most (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html), and no functions over arrays, such as
 * `SUM(METRICS())`, which AWS advises against.
 *
 * @param named the metrics, by what the expression calls them
 */
export function formula(text: string, named: Record<string, Metric>, label: string): MathExpression {
  return new MathExpression({ expression: text, usingMetrics: named, label, period });
}

/**
 * The sum of metrics.
 *
 * @param about tells its metrics from those of other sums in the same graph
 */
export function sum(metrics: readonly Metric[], label: string, about = ''): MathExpression {
  const named = numbered(`m${about.replace(/\W/g, '_')}`, metrics);
  return formula(added(named), named, label);
}

/**
 * The sum of metrics that are there only when something happens, and of nothing when it does not.
 *
 * @param steady a metric that is always there: it is added and taken away again
 */
export function steadySum(metrics: readonly Metric[], steady: Metric, label: string): MathExpression {
  const named = numbered('m', metrics);
  return formula(`${added(named)} + steady - steady`, { ...named, steady }, label);
}

/** How many of the metrics are over their limit. */
export function countOver(limited: readonly { metric: Metric; limit: number }[], label: string): MathExpression {
  const tests = limited.map(({ limit }, index) => `(m${index} > ${limit})`);
  const named = numbered(
    'm',
    limited.map(({ metric }) => metric),
  );
  return formula(tests.join(' + '), named, label);
}

/** The first metric less the second. */
export function difference(whole: Metric, part: Metric, label: string): MathExpression {
  return formula('whole - part', { whole, part }, label);
}

/** How many parts there are beyond what a share of all allows, the parts and the others. */
export function beyondShare(
  share: number,
  parts: readonly Metric[],
  others: readonly Metric[],
  label: string,
): MathExpression {
  const part = numbered('part', parts);
  const other = numbered('other', others);
  return formula(`${added(part)} - ${share} * (${added({ ...part, ...other })})`, { ...part, ...other }, label);
}

/**
 * How much of the second the first are, in percent.
 *
 * @param about tells its metrics from those of others in the same graph
 */
export function share(
  parts: readonly Metric[],
  wholes: readonly Metric[],
  label: string,
  about: string,
): MathExpression {
  const part = numbered(`${about}part`, parts);
  const whole = numbered(`${about}whole`, wholes);
  return formula(`100 * (${added(part)}) / (${added(whole)})`, { ...part, ...whole }, label);
}

function numbered(name: string, metrics: readonly Metric[]): Record<string, Metric> {
  return Object.fromEntries(metrics.map((metric, index) => [`${name}${index}`, metric]));
}

function added(named: Record<string, Metric>): string {
  return Object.keys(named).join(' + ');
}
