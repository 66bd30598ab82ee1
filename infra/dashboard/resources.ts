import type { IWidget, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { workflowArn } from '../express-workflow.ts';
import { countedFunctions, messageFunctions, requestFunctions } from '../service-metrics.ts';
import { controlWorkflow, messageTables, otherTables, redriveWorkflow, workflows, workingQueues } from '../watched.ts';
import { graph } from './graph.ts';
import { Panel } from './panel.ts';

const everyFunction = [...requestFunctions, ...messageFunctions];

/** What all of it runs on. */
export class ResourcesPanel extends Panel {
  rows(): IWidget[][] {
    return [this.queues(), this.functions(), this.workflows(), this.tables()];
  }

  private queues(): IWidget[] {
    const { messaging } = this.watched;
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

  private functions(): IWidget[] {
    const each = (metricName: string, statistic: string): Metric[] =>
      everyFunction.map((name) => this.metrics.function(name, metricName, { statistic, label: name }));
    return [
      graph('Functions: errors', [
        ...countedFunctions.map((name) => this.metrics.function(name, 'Errors', { statistic: 'Sum', label: name })),
        this.metrics.ofAuthorizer('AuthorizerEnded', { statistic: 'Sum', label: 'websocket-authorizer' }),
      ]),
      graph('Functions: throttled', each('Throttles', 'Sum')),
      graph('Functions: duration, p99', each('Duration', 'p99'), 'ms'),
      graph('Functions: at once', each('ConcurrentExecutions', 'Maximum')),
      graph(
        'Functions: cold starts',
        countedFunctions.map((name) => this.count('ColdStart', name, name)),
      ),
    ];
  }

  private workflows(): IWidget[] {
    const each = (metricName: string, statistic: string): Metric[] =>
      [...workflows, redriveWorkflow, controlWorkflow].map((name) =>
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
    const watched = [...messageTables(this.watched.tables), ...otherTables(this.watched.tables)];
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
}
