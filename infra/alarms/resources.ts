import { ComparisonOperator, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { workflowArn } from '../express-workflow.ts';
import { countOver, steadySum, sum } from '../service-metrics.ts';
import {
  controlWorkflow,
  messageTables,
  otherTables,
  redriveWorkflow,
  scheduledWorkflows,
  type WatchedTable,
  workflows,
  workingQueues,
} from '../watched.ts';
import { always, atOnce, persistent, twice, type Watch, Watches } from './watch.ts';

/** What all of it runs on. */
export class ResourcesWatches extends Watches {
  all(): Watch[] {
    return [...this.queues(), ...this.workflows(), ...this.topics(), ...this.tables(), ...this.schedules()];
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

  private topics(): Watch[] {
    const { messaging } = this.props;
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

  private age(queue: { queueName: string }): Metric {
    return this.metrics.queue(queue, 'ApproximateAgeOfOldestMessage', { statistic: 'Maximum' });
  }

  /**
   * Schedules that have died make no sound: here no news is bad news, and an alarm that knows nothing tells operators, too. A stack that
   * is being deployed knows nothing yet, and as that is no change of state, it keeps quiet.
   */
  private schedules(): Watch[] {
    const started = scheduledWorkflows.map((name) => ({
      metric: this.metrics.workflow(workflowArn(this, name), 'ExecutionsStarted', { statistic: 'Sum' }),
      limit: 0,
    }));
    return [
      {
        name: 'schedules-stopped',
        reason:
          'Schedules do not start their workflows: those that end groups of parts, take up dead redrives, count dead letters and watch the stream of permissions.',
        metric: countOver(started, 'Schedules at work'),
        over: started.length,
        minutes: always,
        rings: ComparisonOperator.LESS_THAN_THRESHOLD,
        missing: TreatMissingData.MISSING,
        tellsSilence: true,
      },
    ];
  }
}
