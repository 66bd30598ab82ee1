import { SingleValueWidget, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { sum } from '../service-metrics.ts';
import { deadLetterQueues } from '../watched.ts';
import { graph, rowHeight } from './graph.ts';
import { Panel } from './panel.ts';
import { deadLetterStages, redriveOutcomes } from './values.ts';

/** What was given up, and what operators did about it. */
export class DeadLettersPanel extends Panel {
  rows(): IWidget[][] {
    return [this.deadLetters()];
  }

  private deadLetters(): IWidget[] {
    const queues = deadLetterQueues(this.watched.messaging);
    const recorded = Object.keys(queues).map((queue) =>
      this.count('DeadLettersRecorded', 'dead-letter-recorder', queue, { queue }),
    );
    const waiting = Object.keys(queues).map((queue) =>
      this.metrics.emitted(
        'DeadLettersWaiting',
        'dead-letter-watch',
        { statistic: 'Maximum', label: queue },
        { queue },
      ),
    );
    const settled = redriveOutcomes.map((outcome) =>
      this.count('RedriveOutcomes', 'redrive-batch', outcome, { outcome }),
    );
    return [
      graph('Dead letters: waiting for an operator', waiting),
      new SingleValueWidget({
        title: 'Dead letters in the time shown',
        metrics: [sum(recorded, 'recorded', 'recorded'), ...settled.slice(0, 2)],
        setPeriodToTimeRange: true,
        height: rowHeight,
      }),
      graph('Dead letters: given up, by stage', [
        ...deadLetterStages.map((stage) => this.count('DeadLettersSent', 'message-processor', stage, { stage })),
      ]),
      graph('Dead letters: recorded, by queue', [
        ...recorded,
        this.count('DeadLettersDiscarded', 'dead-letter-recorder', 'discarded at once'),
      ]),
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
}
