import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

/** Where the service's own metrics are. */
export const namespace = 'WebSocketNotificationService';

/** `sequenced`: FIFO, with numbers of the service's own. */
export const messageTypes = ['standard', 'fifo', 'sequenced'] as const;

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

/** Functions that are fed from queues, a stream or a workflow. */
export const messageFunctions = [
  'message-processor',
  'fan-out',
  'delivery-retry',
  'permission-stream',
  'dead-letter-recorder',
  'redrive-batch',
] as const;

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
  ofAuthorizer(metricName: string, reading: Reading): Metric {
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
 * The sum of metrics. Not `SUM(METRICS())`: AWS advises against functions over arrays in alarms, and `+` takes what is missing
 * for 0 (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).
 *
 * @param about tells its metrics from those of other sums in the same graph
 */
export function sum(metrics: readonly Metric[], label: string, about = ''): MathExpression {
  const ids = metrics.map((_metric, index) => `m${about.replace(/\W/g, '_')}${index}`);
  return expression(metrics, ids, ids.join(' + '), label);
}

/** How many of the metrics are over their limit. */
export function countOver(limited: readonly { metric: Metric; limit: number }[], label: string): MathExpression {
  const ids = limited.map((_metric, index) => `m${index}`);
  const tests = limited.map(({ limit }, index) => `(m${index} > ${limit})`);
  return expression(
    limited.map(({ metric }) => metric),
    ids,
    tests.join(' + '),
    label,
  );
}

/** The first metric less the second. */
export function difference(whole: Metric, part: Metric, label: string): MathExpression {
  return expression([whole, part], ['whole', 'part'], 'whole - part', label);
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
  const name = (kind: string, metrics: readonly Metric[]): string[] =>
    metrics.map((_, index) => `${about}${kind}${index}`);
  const ids = [...name('part', parts), ...name('whole', wholes)];
  const text = `100 * (${name('part', parts).join(' + ')}) / (${name('whole', wholes).join(' + ')})`;
  return expression([...parts, ...wholes], ids, text, label);
}

function expression(metrics: readonly Metric[], ids: readonly string[], text: string, label: string): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [ids[index] ?? '', metric]));
  return new MathExpression({ expression: text, usingMetrics, label, period });
}
