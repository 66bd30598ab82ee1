import type { MetricDatum } from './emf.ts';
import type { MetricIdentity, MetricStore } from './metric-store.ts';

/**
 * The metrics of AWS services that are kept here, too. What is not among them is not known honestly: throttles of tables, deliveries that SNS
 * gives up and failures inside API Gateway or AppSync have no counterpart on this machine.
 */
const kept: Record<string, readonly string[]> = {
  'AWS/ApiGateway': ['ConnectCount', 'ClientError', 'Count', '4xx'],
  'AWS/Lambda': ['Invocations', 'Errors', 'Throttles', 'Duration', 'ConcurrentExecutions', 'IteratorAge'],
  'AWS/SQS': [
    'ApproximateNumberOfMessagesVisible',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateAgeOfOldestMessage',
  ],
  'AWS/States': ['ExecutionsStarted', 'ExecutionsSucceeded', 'ExecutionsFailed', 'ExecutionsTimedOut'],
};

/** Whether a metric is one that somebody here writes: a function, a filter on its log, or this cloud in AWS's place. */
export function isKept({ namespace, name }: Pick<MetricIdentity, 'namespace' | 'name'>): boolean {
  return !namespace.startsWith('AWS/') || (kept[namespace]?.includes(name) ?? false);
}

/** What became of one invocation of a function. */
export type InvocationSeen = {
  functionName: string;
  event: unknown;
  outcome: 'succeeded' | 'failed' | 'throttled';
  /** From the event's being handed over to the answer; 0 when throttled. */
  durationMs: number;
  /** Invocations under way, this one included. */
  concurrent: number;
};

/** What a gateway counted: each of these once for every request it is about. */
export type GatewaySeen = {
  apiId: string;
  stage: string;
  /** `ClientError`: a WebSocket API's own refusal; `ConnectCount`: what it let through to `$connect`. `Count` and `4xx` are an HTTP API's. */
  metric: 'ConnectCount' | 'ClientError' | 'Count' | '4xx';
};

/** What a queue holds now. */
export type QueueSeen = { queueName: string; visible: number; inFlight: number; oldestAgeSeconds: number };

/** Writes what AWS would write about its services. */
export class VendedMetrics {
  readonly #store: MetricStore;

  constructor(store: MetricStore) {
    this.#store = store;
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
  invocation({ functionName, event, outcome, durationMs, concurrent }: InvocationSeen): void {
    const put = (name: string, value: number, unit = 'Count'): void =>
      this.#put('AWS/Lambda', name, { FunctionName: functionName }, value, unit);
    put('Throttles', outcome === 'throttled' ? 1 : 0);
    if (outcome === 'throttled') return;
    put('Invocations', 1);
    put('Errors', outcome === 'failed' ? 1 : 0);
    put('Duration', Math.round(durationMs), 'Milliseconds');
    put('ConcurrentExecutions', concurrent);
    const written = lastWritten(event);
    // How old it was when it was handed over: the function's own time is none of it.
    const age = written === undefined ? undefined : Date.now() - durationMs - written * 1000;
    if (age !== undefined) put('IteratorAge', Math.max(0, Math.round(age)), 'Milliseconds');
  }

  /**
   * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html and
   * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
   */
  gateway({ apiId, stage, metric }: GatewaySeen): void {
    this.#put('AWS/ApiGateway', metric, { ApiId: apiId, Stage: stage }, 1, 'Count');
  }

  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
  queue({ queueName, visible, inFlight, oldestAgeSeconds }: QueueSeen, timestamp: number): void {
    const put = (name: string, value: number, unit = 'Count'): void =>
      this.#put('AWS/SQS', name, { QueueName: queueName }, value, unit, timestamp);
    put('ApproximateNumberOfMessagesVisible', visible);
    put('ApproximateNumberOfMessagesNotVisible', inFlight);
    put('ApproximateAgeOfOldestMessage', oldestAgeSeconds, 'Seconds');
  }

  /** https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html, of an event of an execution's log. */
  execution(stateMachineArn: string, type: string): void {
    const name = type.replace(/^Execution/, 'Executions');
    if (!kept['AWS/States']?.includes(name)) return;
    this.#put('AWS/States', name, { StateMachineArn: stateMachineArn }, 1, 'Count');
  }

  #put(
    namespace: string,
    name: string,
    dimensions: MetricDatum['dimensions'],
    value: number,
    unit: string,
    timestamp = Date.now(),
  ): void {
    this.#store.put({ namespace, name, dimensions, unit, values: [value], timestamp });
  }
}

/** When the last record of a stream's batch was written, in seconds since 1970; undefined for other events. */
function lastWritten(event: unknown): number | undefined {
  const { Records } = (event ?? {}) as { Records?: { dynamodb?: { ApproximateCreationDateTime?: number } }[] };
  return Array.isArray(Records) ? Records.at(-1)?.dynamodb?.ApproximateCreationDateTime : undefined;
}
