import { type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { beyondShare, countOver, difference, messageTypes, posters, sum } from '../service-metrics.ts';
import { atOnce, heard, persistent, type Watch, Watches } from './watch.ts';

/** Messages on their way to those who may have them, and no longer to others. */
export class DeliveryWatches extends Watches {
  all(): Watch[] {
    return [...this.delivery(), ...this.posts(), ...this.revocations()];
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
    const percent = Math.round(share * 100);
    const posts = (...outcomes: string[]): Metric[] =>
      posters.flatMap((service) =>
        outcomes.map((outcome) => this.metrics.emitted('Posts', service, { statistic: 'Sum' }, { outcome })),
      );
    return [
      {
        name: 'posts-failing',
        reason: `More than ${percent}% of the posts to connections are throttled or fail: people see messages late, or only when they replay.`,
        metric: beyondShare(
          share,
          posts('throttled', 'failed'),
          posts('delivered'),
          `Posts that failed, beyond ${percent}%`,
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
}
