import { type Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IMetric, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { workflowArn } from './express-workflow.ts';
import {
  answeringFunctions,
  beyondShare,
  countOver,
  difference,
  formula,
  messageFunctions,
  messageTypes,
  posters,
  requestFunctions,
  ServiceMetrics,
  steadySum,
  sum,
} from './service-metrics.ts';
import {
  controlWorkflow,
  deadLetterQueues,
  messageTables,
  otherTables,
  redriveWorkflow,
  scheduledWorkflows,
  type Watched,
  type WatchedTable,
  workflows,
  workingQueues,
} from './watched.ts';

export interface AlarmsProps extends Watched {
  /** Who is told, of the beginning and of the end. */
  operators: ITopic;
  /** The timeouts of the functions, by their folders. */
  timeouts: ReadonlyMap<string, Duration>;
}

/** One alarm, as somebody who is woken by it would ask about it. */
interface Watch {
  /** The alarm's name, after the stack's. */
  name: string;
  /** Section of the runbook, where it is not called as the alarm is. */
  section?: string;
  /** What is wrong when it rings. */
  reason: string;
  metric: IMetric;
  /** It rings when the metric is over this, */
  over: number;
  /** in so many of so many minutes. */
  minutes: Pace;
  /** What a minute without data is: a good one, unless said otherwise. */
  missing?: TreatMissingData;
}

type Pace = readonly [breaching: number, among: number];

/** What heals by the next try is no reason to wake anybody; what goes on is. */
const persistent: Pace = [3, 5];
/** One is too many. */
const atOnce: Pace = [1, 1];
/** For ages, which have grown for long before they are over anything. */
const twice: Pace = [2, 2];
/** Where silence is bad, too: AWS looks at five minutes to find three, and says so for just this case. */
const heard: Pace = [3, 3];
/** For what may be there at any moment, and never stays. */
const always: Pace = [5, 5];

/** Functions that go on until shortly before their timeout when there is much to do: how long they take says nothing. */
const pacedFunctions: readonly string[] = ['fan-out', 'redrive-batch'];

/**
 * What wakes operators: each alarm says what is wrong and which section of the runbook to read. Few, so that each is believed: an alarm
 * stands for a kind of trouble, the dashboard shows which part has it.
 */
export class Alarms extends Construct {
  readonly all: Alarm[];
  private readonly metrics: ServiceMetrics;
  private readonly props: AlarmsProps;
  private readonly notify: SnsAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.props = props;
    this.metrics = new ServiceMetrics(this);
    this.notify = new SnsAction(props.operators);
    const watches = [
      ...this.delivery(),
      ...this.posts(),
      ...this.revocations(),
      ...this.requests(),
      ...this.deadLetters(),
      ...this.functions('request-functions', requestFunctions),
      ...this.functions('message-functions', messageFunctions),
      ...this.queues(),
      ...this.workflows(),
      ...this.services(),
      ...this.tables(),
    ];
    this.all = [...watches.map((watch) => this.alarm(watch)), this.schedules()];
  }

  private delivery(): Watch[] {
    const { slowDelivery, slowLargeDelivery, contention } = this.props.settings.alarms;
    const processor = 'message-processor';
    const conflicts = this.metrics.emitted('SequenceConflicts', processor, { statistic: 'Sum' });
    const commits = this.metrics.emitted('RunLength', processor, { statistic: 'SampleCount' });
    const slowest = (service: string, messageType: string): Metric =>
      this.metrics.emitted('DeliveryLatency', service, { statistic: 'p99' }, { messageType });
    return [
      ...messageTypes.map((messageType): Watch => ({
        name: `delivery-slow-${messageType}`,
        section: 'delivery-slow',
        reason: `One in a hundred ${messageType} messages takes longer than ${slowDelivery.toSeconds()} s from its sender to the last subscriber.`,
        metric: slowest(processor, messageType),
        over: slowDelivery.toMilliseconds(),
        minutes: persistent,
      })),
      {
        name: 'delivery-slow-large',
        reason: `In large chats, one in a hundred slots of subscribers has a message later than ${slowLargeDelivery.toSeconds()} s after it was sent.`,
        metric: countOver(
          messageTypes.map((messageType) => ({
            metric: slowest('fan-out', messageType),
            limit: slowLargeDelivery.toMilliseconds(),
          })),
          'Types of messages that are slow in large chats',
        ),
        over: 0,
        minutes: persistent,
      },
      {
        name: 'commits-contended',
        reason:
          'Commits to history lose against each other far more often than they succeed: something writes past the order.',
        metric: difference(conflicts, commits, 'Commits lost, less commits made'),
        over: contention,
        minutes: persistent,
      },
    ];
  }

  /** Latencies are measured of what arrives: where nothing does, these tell. */
  private posts(): Watch[] {
    const { share, besides } = this.props.settings.alarms.failedPosts;
    const posts = (...outcomes: string[]): Metric[] =>
      posters.flatMap((service) =>
        outcomes.map((outcome) => this.metrics.emitted('Posts', service, { statistic: 'Sum' }, { outcome })),
      );
    return [
      {
        name: 'posts-failing',
        reason: `More than ${share * 100}% of the posts to connections are throttled or fail: people see messages late, or only when they replay.`,
        metric: beyondShare(
          share,
          posts('throttled', 'failed'),
          posts('delivered'),
          `Posts that failed, beyond ${share * 100}%`,
        ),
        over: besides,
        minutes: persistent,
      },
      {
        name: 'posts-too-large',
        reason: 'API Gateway finds frames too large. They are left out: nobody sees these messages before a replay.',
        metric: sum(posts('too-large'), 'Frames that are too large'),
        over: 0,
        minutes: atOnce,
      },
    ];
  }

  /** Something is written to the table every minute, so that the stream is never silent. */
  private revocations(): Watch[] {
    const { streamAge } = this.props.settings.alarms;
    return [
      {
        name: 'revocations-behind',
        reason: `Changes of permissions are followed more than ${streamAge.toSeconds()} s late, or for 5 minutes not at all: people who were removed from a chat may still receive.`,
        metric: this.metrics.function('permission-stream', 'IteratorAge', { statistic: 'Maximum' }),
        over: streamAge.toMilliseconds(),
        minutes: heard,
        missing: TreatMissingData.BREACHING,
      },
    ];
  }

  private requests(): Watch[] {
    const failed = [
      ...answeringFunctions.map((service) => this.metrics.emitted('Failed', service, { statistic: 'Sum' })),
      this.metrics.ofAuthorizer('AuthorizerFailed', { statistic: 'Sum' }),
    ];
    return [
      {
        name: 'requests-failing',
        reason: 'Requests of clients are answered with an error that is ours, or that of an AWS service behind us.',
        metric: sum(failed, 'Requests that failed'),
        over: 0,
        minutes: persistent,
      },
      {
        name: 'clients-refused',
        reason: `By ${this.props.settings.alarms.refusals} a minute more clients are refused than let in: by the authorizer, by the limits of a gateway or by the HTTP API.`,
        metric: this.refusals(),
        over: 0,
        minutes: persistent,
      },
    ];
  }

  /**
   * In how many ways more are refused than let in. API Gateway is not documented to count what the authorizer refuses, and counts
   * throttled requests as best it can (https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-monitor.html): so each
   * is looked at by itself.
   */
  private refusals(): IMetric {
    const { webSocket, http, settings } = this.props;
    const { refusals } = settings.alarms;
    const ways = ['authorizer - connects', 'gateway - connects', 'http + http - requests'];
    const named = {
      authorizer: this.metrics.ofAuthorizer('AuthorizerRefused', { statistic: 'Sum' }),
      gateway: this.metrics.gateway(webSocket, 'ClientError', { statistic: 'Sum' }),
      connects: this.metrics.gateway(webSocket, 'ConnectCount', { statistic: 'Sum' }),
      http: this.metrics.gateway(http, '4xx', { statistic: 'Sum' }),
      requests: this.metrics.gateway(http, 'Count', { statistic: 'Sum' }),
    };
    return formula(ways.map((way) => `(${way} > ${refusals})`).join(' + '), named, 'Ways in which most are refused');
  }

  private deadLetters(): Watch[] {
    const queues = deadLetterQueues(this.props.messaging);
    // What is recorded rings at once, and what waits keeps it ringing. When the count of those stops, nothing is known of them, and
    // the alarm stays as it is: that the count stopped is told by `schedules-stopped` or `workflows-failing`.
    const known = Object.keys(queues).flatMap((queue) => [
      this.metrics.emitted('DeadLettersRecorded', 'dead-letter-recorder', { statistic: 'Sum' }, { queue }),
      this.metrics.emitted('DeadLettersWaiting', 'dead-letter-watch', { statistic: 'Maximum' }, { queue }),
    ]);
    // Not their age: what a standard queue has handed out more than three times does not count for it, and what the recorder keeps
    // failing at is just that. One that waits for its next try is not visible.
    const unrecorded = Object.values(queues).flatMap((queue) =>
      ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'].map((metricName) =>
        this.metrics.queue(queue, metricName, { statistic: 'Maximum' }),
      ),
    );
    return [
      {
        name: 'dead-letters-waiting',
        reason: 'Messages were given up. This rings until an operator has redriven or discarded the last dead letter.',
        metric: sum(known, 'Dead letters'),
        over: 0,
        minutes: atOnce,
        missing: TreatMissingData.IGNORE,
      },
      {
        name: 'dead-letters-unrecorded',
        reason:
          'Dead letters wait in SQS: the recorder does not get them into the table, where operators would see them.',
        metric: sum(unrecorded, 'Dead letters that are not recorded'),
        over: 0,
        minutes: always,
      },
    ];
  }

  private functions(kind: string, names: readonly string[]): Watch[] {
    const { timeoutShare } = this.props.settings.alarms;
    const who =
      kind === 'request-functions' ? 'Functions that clients wait for' : 'Functions behind queues and streams';
    const each = (metricName: string, statistic: string): Metric[] =>
      names.map((name) => this.metrics.function(name, metricName, { statistic }));
    const durations = names.filter((name) => !pacedFunctions.includes(name));
    const ended = names.flatMap((name) =>
      name === 'websocket-authorizer'
        ? this.metrics.ofAuthorizer('AuthorizerEnded', { statistic: 'Sum' })
        : this.metrics.function(name, 'Errors', { statistic: 'Sum' }),
    );
    return [
      {
        name: `${kind}-failing`,
        section: 'functions-failing',
        reason: `${who} crash, time out or cannot be started.`,
        metric: sum(ended, 'Invocations that failed'),
        over: 0,
        minutes: persistent,
      },
      {
        name: `${kind}-throttled`,
        section: 'functions-throttled',
        reason: `${who} are refused by Lambda: the account's concurrency is used up.`,
        metric: sum(each('Throttles', 'Sum'), 'Invocations refused'),
        over: 0,
        minutes: persistent,
      },
      {
        name: `${kind}-near-timeout`,
        section: 'functions-near-timeout',
        reason: `${who} take ${Math.round(timeoutShare * 100)}% of their timeout (p99): they are about to be cut off.`,
        metric: countOver(
          durations.map((name) => ({
            metric: this.metrics.function(name, 'Duration', { statistic: 'p99' }),
            limit: timeoutShare * this.timeoutMs(name),
          })),
          'Functions near their timeout',
        ),
        over: 0,
        minutes: persistent,
      },
    ];
  }

  private queues(): Watch[] {
    const { queueAge } = this.props.settings.alarms;
    const limits = {
      standard: queueAge.messages,
      fifo: queueAge.messages,
      'delivery-retry': queueAge.deliveryRetries,
      'fan-out': queueAge.slots,
    };
    return Object.entries(workingQueues(this.props.messaging)).map(([name, queue]) => {
      const limit = limits[name as keyof typeof limits].toSeconds();
      return {
        name: `queue-behind-${name}`,
        section: 'queue-behind',
        reason: `The oldest message of the queue ${name} waits for more than ${limit} s.`,
        metric: this.age(queue),
        over: limit,
        minutes: twice,
      };
    });
  }

  private workflows(): Watch[] {
    const count = (name: string, metricName: string): Metric =>
      this.metrics.workflow(workflowArn(this, name), metricName, { statistic: 'Sum' });
    return [
      {
        name: 'workflows-failing',
        reason:
          'Executions fail or time out again and again: groups of parts are not concluded, redrives that died are not taken up, or letters and streams are not watched.',
        metric: sum(
          workflows.flatMap((name) => [count(name, 'ExecutionsFailed'), count(name, 'ExecutionsTimedOut')]),
          'Executions that failed or timed out',
        ),
        over: 0,
        minutes: persistent,
      },
      {
        name: 'redrives-failing',
        reason: 'A redrive of dead letters ended as failed, or a step of redriving took too long.',
        metric: sum(
          [
            count(redriveWorkflow, 'ExecutionsFailed'),
            count(redriveWorkflow, 'ExecutionsTimedOut'),
            count(controlWorkflow, 'ExecutionsTimedOut'),
          ],
          'Redrives that failed',
        ),
        over: 0,
        minutes: atOnce,
      },
    ];
  }

  /**
   * Schedules that have died make no sound: here no news is bad news, and an alarm that knows nothing tells operators, too. A stack that
   * is being deployed knows nothing yet, and as that is no change of state, it keeps quiet.
   */
  private schedules(): Alarm {
    const started = scheduledWorkflows.map((name) => ({
      metric: this.metrics.workflow(workflowArn(this, name), 'ExecutionsStarted', { statistic: 'Sum' }),
      limit: 0,
    }));
    const alarm = this.alarm({
      name: 'schedules-stopped',
      reason:
        'Schedules do not start their workflows: those that end groups of parts, take up dead redrives, count dead letters and watch the stream of permissions.',
      metric: countOver(started, 'Schedules at work'),
      over: started.length,
      minutes: always,
      rings: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.MISSING,
    });
    alarm.addInsufficientDataAction(this.notify);
    return alarm;
  }

  private services(): Watch[] {
    const { messaging, webSocket, http, graphqlApiId } = this.props;
    const topics = [messaging.standard.topic, messaging.fifo.topic];
    const undelivered = ['NumberOfNotificationsFailed', 'NumberOfNotificationsFailedToRedriveToDlq'];
    return [
      {
        name: 'topics-failing',
        reason:
          'SNS gave up delivering messages to a queue. Those it could not put on the dead-letter queue either are lost.',
        metric: sum(
          topics.flatMap((topic) =>
            undelivered.map((metricName) => this.metrics.topic(topic, metricName, { statistic: 'Sum' })),
          ),
          'Deliveries given up',
        ),
        over: 0,
        minutes: atOnce,
      },
      {
        name: 'gateways-failing',
        reason: 'API Gateway answers callers with 5xx, or cannot call the functions behind its routes.',
        metric: sum(
          [
            this.metrics.gateway(http, '5xx', { statistic: 'Sum' }),
            this.metrics.gateway(webSocket, 'ExecutionError', { statistic: 'Sum' }),
          ],
          'Requests the gateways failed at',
        ),
        over: 0,
        minutes: persistent,
      },
      {
        name: 'graphql-failing',
        reason: 'AppSync answers administrators and operators with 5xx.',
        metric: this.metrics.graphql(graphqlApiId, '5XXError', { statistic: 'Sum' }),
        over: 0,
        minutes: persistent,
      },
    ];
  }

  /**
   * DynamoDB writes these metrics only when it throttles. Whether an alarm on them may take that for good, or stays as it was, AWS tells
   * both ways (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, "TreatMissingData", and
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html). So nothing is missing here.
   */
  private tables(): Watch[] {
    const { tables, settings } = this.props;
    const [scheduled] = scheduledWorkflows;
    const minutely = this.metrics.workflow(workflowArn(this, scheduled), 'ExecutionsStarted', { statistic: 'Sum' });
    const throttled = (name: string, reason: string, metrics: Metric[]): Watch => ({
      name: `tables-throttled-${name}`,
      section: 'tables-throttled',
      reason,
      metric: steadySum(metrics, minutely, 'Requests throttled'),
      over: settings.alarms.tableThrottles,
      minutes: persistent,
    });
    const live = messageTables(tables);
    const others = otherTables(tables).map(({ table }) => ({ table, indexes: [] }));
    return [
      throttled('reads', 'DynamoDB refuses reads of the tables every message passes.', this.throttles(live, 'Read')),
      throttled('writes', 'DynamoDB refuses writes to the tables every message passes.', this.throttles(live, 'Write')),
      throttled('others', 'DynamoDB refuses requests on tables of rate limits, parts, dead letters or redrives.', [
        ...this.throttles(others, 'Read'),
        ...this.throttles(others, 'Write'),
      ]),
    ];
  }

  private throttles(watched: readonly WatchedTable[], kind: 'Read' | 'Write'): Metric[] {
    return watched.flatMap(({ table, indexes }) =>
      [undefined, ...indexes].map((index) =>
        this.metrics.table(table, index, `${kind}ThrottleEvents`, { statistic: 'Sum' }),
      ),
    );
  }

  private timeoutMs(name: string): number {
    const timeout = this.props.timeouts.get(name);
    if (!timeout) throw new Error(`The stack has no function ${name} to watch.`);
    return timeout.toMilliseconds();
  }

  private age(queue: { queueName: string }): Metric {
    return this.metrics.queue(queue, 'ApproximateAgeOfOldestMessage', { statistic: 'Maximum' });
  }

  /**
   * Unless said otherwise, a minute without data is a good one: counts are written when something happens, ages and durations when there
   * is something to measure.
   */
  private alarm({
    name,
    section = name,
    reason,
    metric,
    over,
    minutes: [datapointsToAlarm, evaluationPeriods],
    rings = ComparisonOperator.GREATER_THAN_THRESHOLD,
    missing = TreatMissingData.NOT_BREACHING,
  }: Watch & { rings?: ComparisonOperator }): Alarm {
    const alarm = new Alarm(this, name, {
      alarmName: `${Stack.of(this).stackName}-${name}`,
      alarmDescription: `${reason} What to do: ${this.props.settings.runbook}#${section}`,
      metric,
      threshold: over,
      comparisonOperator: rings,
      evaluationPeriods,
      datapointsToAlarm,
      treatMissingData: missing,
    });
    alarm.addAlarmAction(this.notify);
    alarm.addOkAction(this.notify);
    return alarm;
  }
}
