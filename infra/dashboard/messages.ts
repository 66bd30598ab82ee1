import type { IMetric, IWidget, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { difference, messageTypes, posters, senders } from '../service-metrics.ts';
import { graph, wholeWidth } from './graph.ts';
import { Panel, percentiles } from './panel.ts';
import { groupOutcomes, partRefusals, postOutcomes, retryOutcomes } from './values.ts';

const publishers = ['p2p-websocket-publisher', 'a2p-http-publisher'] as const;

/** A message on its way: how long each stage takes, how many there are, and what becomes of posts. */
export class MessagesPanel extends Panel {
  rows(): IWidget[][] {
    return [...this.latency(), this.traffic(), this.delivery(), this.largeChats(), this.parts()];
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
      graph(
        `Slow messages (over ${this.watched.settings.alarms.slowDelivery.toSeconds()} s)`,
        byType('SlowMessages', senders),
      ),
      graph(
        'As clients report it',
        percentiles.map((statistic) =>
          this.metrics.emitted('ReportedLatency', 'report', { statistic, label: statistic }),
        ),
        'ms',
      ),
    ];
  }

  private delivery(): IWidget[] {
    const of = (metricName: string, service: string, statistic: string, label: string): Metric =>
      this.metrics.emitted(metricName, service, { statistic, label });
    return [
      graph(
        'Posts',
        postOutcomes.map((outcome) => this.total('Posts', posters, outcome, { outcome })),
      ),
      graph('Retries', [
        this.total('RetriedLater', senders, 'put off'),
        this.total('ClosedForReplay', senders, 'closed for a replay'),
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

  private parts(): IWidget[] {
    const processor = 'message-processor';
    return [
      graph('Parts', [
        this.count('PartsCommitted', processor, 'committed'),
        ...partRefusals.map((reason) => this.count('PartsRefused', processor, `refused: ${reason}`, { reason })),
      ]),
      graph(
        'Groups of parts',
        groupOutcomes.map((outcome) => this.count('GroupsEnded', processor, outcome, { outcome })),
      ),
    ];
  }
}
