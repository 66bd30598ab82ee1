import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { sum } from '../service-metrics.ts';
import { deadLetterQueues } from '../watched.ts';
import { always, atOnce, type Watch, Watches } from './watch.ts';

/** What was given up. */
export class DeadLettersWatches extends Watches {
  all(): Watch[] {
    return [...this.deadLetters()];
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
}
