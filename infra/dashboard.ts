import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  SingleValueWidget,
  TextWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
  type Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { workflowArn } from './express-workflow.ts';
import {
  difference,
  messageFunctions,
  messageTypes,
  requestFunctions,
  ServiceMetrics,
  share,
  sum,
} from './service-metrics.ts';
import type { Watched } from './watched.ts';
import { controlWorkflow, deadLetterQueues, messageTables, otherTables, workflows, workingQueues } from './watched.ts';

export interface LatencyDashboardProps extends Watched {
  alarms: readonly IAlarm[];
}

const percentiles = ['p50', 'p95', 'p99'] as const;
const publishers = ['p2p-websocket-publisher', 'a2p-http-publisher'] as const;
const senders = ['message-processor', 'fan-out'] as const;
const answering = requestFunctions.filter((name) => name !== 'websocket-authorizer');
const everyFunction = [...requestFunctions, ...messageFunctions];

/** What a caller can be refused for. */
const refusals = [
  'ConnectionGone',
  'Forbidden',
  'InvalidRequest',
  'MessageIdConflict',
  'PartConflict',
  'PayloadTooLarge',
  'PermissionRefused',
  'TooManyConnections',
  'TooManyRequests',
  'Unauthorized',
] as const;
const postOutcomes = ['delivered', 'gone', 'throttled', 'too-large', 'failed'] as const;
const retryOutcomes = ['delivered', 'gone', 'closed', 'again', 'moot'] as const;
const partRefusals = ['totalParts', 'sender', 'partNumber', 'closed'] as const;
const deadLetterStages = ['parse', 'commit', 'subscribers', 'multi-part'] as const;
const redriveOutcomes = ['redriven', 'discarded', 'skipped', 'failed'] as const;

const wholeWidth = 24;
const rowHeight = 6;

/**
 * What operators look at: how long each stage of a message takes, and whatever can be in its way, from the sender's request to the last
 * subscriber's socket. Names of dashboards are those of an account: the stack of production has the plain one.
 */
export class LatencyDashboard extends Construct {
  private readonly props: LatencyDashboardProps;
  private readonly metrics: ServiceMetrics;

  constructor(scope: Construct, id: string, props: LatencyDashboardProps) {
    super(scope, id);
    this.props = props;
    this.metrics = new ServiceMetrics(this);
    const { environment } = props.settings;
    const name = 'WebSocketNotificationService-Latency';
    new Dashboard(this, 'Latency', {
      dashboardName: environment === 'production' ? name : `${name}-${environment}`,
      defaultInterval: Duration.hours(3),
      widgets: [
        [this.introduction()],
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: wholeWidth, height: rowHeight })],
        ...this.latency(),
        this.traffic(),
        this.requests(),
        this.delivery(),
        this.largeChats(),
        this.queues(),
        this.deadLetters(),
        this.parts(),
        this.functions(),
        this.workflows(),
        this.tables(),
        this.gateways(),
      ],
    });
  }

  private introduction(): IWidget {
    const { settings } = this.props;
    return new TextWidget({
      width: wholeWidth,
      height: 5,
      markdown: [
        `# ${Stack.of(this).stackName}`,
        'A message: **published** (the topic has it), **committed** (in history, with its number), **first post**, **delivered** (the last post). All times begin with the publishing. Slow is what takes longer than 3 s.',
        `What to do about an alarm: [the runbook](${settings.runbook}#alarms). Dead letters: [look](${settings.runbook}#look), [redrive](${settings.runbook}#redrive). One message's journey: its \`messageId\` is in the logs of every function it passed.`,
      ].join('\n\n'),
    });
  }

  /** A row for each stage, a graph for each type of message. */
  private latency(): IWidget[][] {
    const stages: [title: string, metricName: string, services: readonly string[]][] = [
      ['Publishing', 'PublishLatency', publishers],
      ['Committed', 'CommitLatency', ['message-processor']],
      ['First post', 'FirstPostLatency', senders],
      ['Delivered', 'DeliveryLatency', senders],
    ];
    return stages.map(([title, metricName, services]) =>
      messageTypes.map((messageType) =>
        graph(
          `${title}: ${messageType}`,
          services.flatMap((service) =>
            percentiles.map((statistic) =>
              this.metrics.emitted(
                metricName,
                service,
                { statistic, label: services.length > 1 ? `${service} ${statistic}` : statistic },
                { messageType },
              ),
            ),
          ),
          'ms',
          wholeWidth / messageTypes.length,
        ),
      ),
    );
  }

  private traffic(): IWidget[] {
    const byType = (metricName: string, services: readonly string[]): IMetric[] =>
      messageTypes.map((messageType) => this.total(metricName, services, messageType, { messageType }));
    return [
      graph('Published', [
        ...byType('Published', publishers),
        this.total('Repeated', publishers, 'accepted again'),
        this.total('Unrouted', publishers, 'for other channels'),
      ]),
      graph('Committed', [
        ...byType('Committed', ['message-processor']),
        this.count('DuplicatesAbsorbed', 'message-processor', 'duplicates absorbed'),
        this.count('SequenceConflicts', 'message-processor', 'transactions lost'),
      ]),
      graph('Slow messages (over 3 s)', byType('SlowMessages', senders)),
      graph(
        'As clients report it',
        percentiles.map((statistic) =>
          this.metrics.emitted('ReportedLatency', 'report', { statistic, label: statistic }),
        ),
        'ms',
      ),
    ];
  }

  private requests(): IWidget[] {
    return [
      this.rates(),
      graph('Requests that failed: ours', [
        ...answering.map((service) => this.count('Failed', service, service)),
        this.metrics.ofAuthorizer('AuthorizerFailed', { statistic: 'Sum', label: 'websocket-authorizer' }),
      ]),
      graph('Requests refused: the caller’s', [
        ...refusals.map((reason) => this.total('Refused', answering, reason, { reason })),
        this.metrics.ofAuthorizer('AuthorizerRefused', { statistic: 'Sum', label: 'at $connect' }),
      ]),
      graph('Connections', [
        this.count('Connected', 'connection', 'opened'),
        this.count('Disconnected', 'connection', 'closed'),
        this.count('Subscribed', 'subscription', 'subscriptions made'),
        this.count('RevokedSubscriptions', 'permission-stream', 'subscriptions revoked'),
      ]),
      graph(
        'Stream of permissions: how late',
        [this.metrics.function('permission-stream', 'IteratorAge', { statistic: 'Maximum', label: 'age' })],
        'ms',
      ),
    ];
  }

  /** How much goes wrong, whatever the traffic. */
  private rates(): IWidget {
    const invocations = (names: readonly string[]): Metric[] =>
      names.map((name) => this.metrics.function(name, 'Invocations', { statistic: 'Sum' }));
    const posts = (outcomes: readonly string[]): Metric[] =>
      [...senders, 'delivery-retry'].flatMap((service) =>
        outcomes.map((outcome) => this.count('Posts', service, outcome, { outcome })),
      );
    const delivered = (metricName: string, statistic: string): Metric[] =>
      senders.flatMap((service) =>
        messageTypes.map((messageType) => this.metrics.emitted(metricName, service, { statistic }, { messageType })),
      );
    const errors = everyFunction.map((name) => this.metrics.function(name, 'Errors', { statistic: 'Sum' }));
    const failed = answering.map((service) => this.count('Failed', service, service));
    return graph(
      'Error rates',
      [
        share(failed, invocations(answering), 'requests that failed', 'requests'),
        share(errors, invocations(everyFunction), 'invocations that failed', 'invocations'),
        share(posts(['throttled', 'too-large', 'failed']), posts(postOutcomes), 'posts that failed', 'posts'),
        share(delivered('SlowMessages', 'Sum'), delivered('DeliveryLatency', 'SampleCount'), 'slow messages', 'slow'),
      ],
      '%',
    );
  }

  private delivery(): IWidget[] {
    const of = (metricName: string, service: string, statistic: string, label: string): Metric =>
      this.metrics.emitted(metricName, service, { statistic, label });
    return [
      graph(
        'Posts',
        postOutcomes.map((outcome) => this.total('Posts', [...senders, 'delivery-retry'], outcome, { outcome })),
      ),
      graph('Retries', [
        this.total('RetriedLater', senders, 'put off'),
        ...retryOutcomes.map((outcome) => this.count('RetryOutcomes', 'delivery-retry', outcome, { outcome })),
      ]),
      graph('Messages of a commit', [
        of('RunLength', 'message-processor', 'Average', 'average'),
        of('RunLength', 'message-processor', 'Maximum', 'most'),
      ]),
      graph(
        'Subscribers of a message',
        senders.flatMap((service) =>
          percentiles.map((statistic) => of('FanOutSize', service, statistic, `${service} ${statistic}`)),
        ),
      ),
    ];
  }

  private largeChats(): IWidget[] {
    const handed = this.count('SlotsHanded', 'message-processor', 'queued');
    const served = this.count('SlotsServed', 'fan-out', 'done');
    return [
      graph('Large chats: slots', [handed, served, difference(handed, served, 'queued, less done')]),
      graph(
        'Large chats: from queueing a slot to its being done',
        percentiles.map((statistic) => this.metrics.emitted('SlotLatency', 'fan-out', { statistic, label: statistic })),
        'ms',
      ),
    ];
  }

  private queues(): IWidget[] {
    const { messaging } = this.props;
    const each = (metricName: string): Metric[] =>
      Object.entries(workingQueues(messaging)).map(([label, queue]) =>
        this.metrics.queue(queue, metricName, { statistic: 'Maximum', label }),
      );
    return [
      graph('Queues: age of the oldest message', each('ApproximateAgeOfOldestMessage'), 's'),
      graph('Queues: waiting', each('ApproximateNumberOfMessagesVisible')),
      graph('Queues: in hand', each('ApproximateNumberOfMessagesNotVisible')),
      graph(
        'Topics: deliveries given up',
        [messaging.standard.topic, messaging.fifo.topic].flatMap((topic, index) =>
          [
            'NumberOfNotificationsFailed',
            'NumberOfNotificationsRedrivenToDlq',
            'NumberOfNotificationsFailedToRedriveToDlq',
          ].map((metricName) =>
            this.metrics.topic(topic, metricName, {
              statistic: 'Sum',
              label: `${index === 0 ? 'standard' : 'fifo'} ${metricName.replace('NumberOfNotifications', '')}`,
            }),
          ),
        ),
      ),
    ];
  }

  private deadLetters(): IWidget[] {
    const queues = deadLetterQueues(this.props.messaging);
    const recorded = Object.keys(queues).map((queue) =>
      this.count('DeadLettersRecorded', 'dead-letter-recorder', queue, { queue }),
    );
    const settled = redriveOutcomes.map((outcome) =>
      this.count('RedriveOutcomes', 'redrive-batch', outcome, { outcome }),
    );
    return [
      new SingleValueWidget({
        title: 'Dead letters in the time shown; how many wait: deadLetterQueues',
        metrics: [sum(recorded, 'recorded', 'recorded'), ...settled.slice(0, 2)],
        setPeriodToTimeRange: true,
        height: rowHeight,
      }),
      graph('Dead letters: given up, by stage', [
        ...deadLetterStages.map((stage) => this.count('DeadLettersSent', 'message-processor', stage, { stage })),
      ]),
      graph('Dead letters: recorded, by queue', recorded),
      graph('Dead letters: not recorded yet', [
        ...Object.entries(queues).map(([label, queue]) =>
          this.metrics.queue(queue, 'ApproximateNumberOfMessagesVisible', { statistic: 'Maximum', label }),
        ),
      ]),
      graph(
        'Dead letters: age of what is not recorded yet',
        Object.entries(queues).map(([label, queue]) =>
          this.metrics.queue(queue, 'ApproximateAgeOfOldestMessage', { statistic: 'Maximum', label }),
        ),
        's',
      ),
      graph('Redrives', settled),
    ];
  }

  private parts(): IWidget[] {
    const processor = 'message-processor';
    return [
      graph('Parts', [
        this.count('PartsCommitted', processor, 'committed'),
        ...partRefusals.map((reason) => this.count('PartsRefused', processor, `refused: ${reason}`, { reason })),
      ]),
      graph(
        'Groups of parts',
        ['completed', 'incomplete'].map((outcome) => this.count('GroupsEnded', processor, outcome, { outcome })),
      ),
    ];
  }

  private functions(): IWidget[] {
    const each = (metricName: string, statistic: string): Metric[] =>
      everyFunction.map((name) => this.metrics.function(name, metricName, { statistic, label: name }));
    return [
      graph('Functions: errors', each('Errors', 'Sum')),
      graph('Functions: throttled', each('Throttles', 'Sum')),
      graph('Functions: duration, p99', each('Duration', 'p99'), 'ms'),
      graph('Functions: at once', each('ConcurrentExecutions', 'Maximum')),
      graph(
        'Functions: cold starts',
        everyFunction
          .filter((name) => name !== 'websocket-authorizer')
          .map((name) => this.count('ColdStart', name, name)),
      ),
    ];
  }

  private workflows(): IWidget[] {
    const each = (metricName: string, statistic: string): Metric[] =>
      [...workflows, controlWorkflow].map((name) =>
        this.metrics.workflow(workflowArn(this, name), metricName, { statistic, label: name }),
      );
    return [
      graph('Workflows: started', each('ExecutionsStarted', 'Sum')),
      graph('Workflows: failed', each('ExecutionsFailed', 'Sum')),
      graph('Workflows: timed out', each('ExecutionsTimedOut', 'Sum')),
      graph('Workflows: time taken, p99', each('ExecutionTime', 'p99'), 'ms'),
    ];
  }

  private tables(): IWidget[] {
    const watched = [...messageTables(this.props.tables), ...otherTables(this.props.tables)];
    const each = (metricName: string): Metric[] =>
      watched.flatMap(({ table, indexes }) =>
        [undefined, ...indexes].map((index) =>
          this.metrics.table(table, index, metricName, {
            statistic: 'Sum',
            label: index === undefined ? table.node.id : `${table.node.id}.${index}`,
          }),
        ),
      );
    return [
      graph('Tables: reads throttled', each('ReadThrottleEvents')),
      graph('Tables: writes throttled', each('WriteThrottleEvents')),
    ];
  }

  private gateways(): IWidget[] {
    const { webSocket, http, graphqlApiId } = this.props;
    const count = (label: string): { statistic: string; label: string } => ({ statistic: 'Sum', label });
    return [
      graph('WebSocket API', [
        this.metrics.gateway(webSocket, 'ConnectCount', count('connects')),
        this.metrics.gateway(webSocket, 'MessageCount', count('messages')),
        this.metrics.gateway(webSocket, 'ClientError', count('refused by the gateway')),
        this.metrics.gateway(webSocket, 'IntegrationError', count('answered 4xx or 5xx')),
        this.metrics.gateway(webSocket, 'ExecutionError', count('function not called')),
      ]),
      graph('HTTP API', [
        this.metrics.gateway(http, 'Count', count('requests')),
        this.metrics.gateway(http, '4xx', count('4xx')),
        this.metrics.gateway(http, '5xx', count('5xx')),
      ]),
      graph('GraphQL', [
        this.metrics.graphql(graphqlApiId, '4XXError', count('4xx')),
        this.metrics.graphql(graphqlApiId, '5XXError', count('5xx')),
      ]),
    ];
  }

  /** A count of one function. */
  private count(metricName: string, service: string, label: string, by: Record<string, string> = {}): Metric {
    return this.metrics.emitted(metricName, service, { statistic: 'Sum', label }, by);
  }

  /** A count of several functions together. */
  private total(
    metricName: string,
    services: readonly string[],
    label: string,
    by: Record<string, string> = {},
  ): IMetric {
    const counts = services.map((service) => this.count(metricName, service, label, by));
    const [only, ...others] = counts;
    return only && others.length === 0 ? only : sum(counts, label, `${metricName}_${label}`);
  }
}

/** Four of them fill a row. */
function graph(
  title: string,
  metrics: readonly IMetric[],
  unit?: 'ms' | 's' | '%',
  width = wholeWidth / 4,
): GraphWidget {
  const leftYAxis = { min: 0, showUnits: false, ...(unit && { label: unit }) };
  return new GraphWidget({ title, left: [...metrics], leftYAxis, width, height: rowHeight });
}
