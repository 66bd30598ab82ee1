import type { Duration } from 'aws-cdk-lib';
import type { ComparisonOperator, IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ServiceMetrics } from '../service-metrics.ts';
import type { Watched } from '../watched.ts';

/** One alarm, as somebody who is woken by it would ask about it. */
export interface Watch {
  /** The alarm's name, after the stack's. */
  name: string;
  /** Section of the runbook, where it is not called as the alarm is. */
  section?: string;
  /** What is wrong when it rings. */
  reason: string;
  metric: IMetric;
  /** It rings when the metric is over this, unless `rings` says otherwise, */
  over: number;
  rings?: ComparisonOperator;
  /** in so many of so many minutes. */
  minutes: Pace;
  /** What a minute without data is: a good one, unless said otherwise. */
  missing?: TreatMissingData;
  /** Whether those are told, too, who would hear of it: that nothing is known of it any more. */
  tellsSilence?: boolean;
}

export type Pace = readonly [breaching: number, among: number];

/** What heals by the next try is no reason to wake anybody; what goes on is. */
export const persistent: Pace = [3, 5];
/** One is too many. */
export const atOnce: Pace = [1, 1];
/** For ages, which have grown for long before they are over anything. */
export const twice: Pace = [2, 2];
/** Where silence is bad, too: AWS looks at five minutes to find three, and says so for just this case. */
export const heard: Pace = [3, 3];
/** For what may be there at any moment, and never stays. */
export const always: Pace = [5, 5];

export interface WatchesProps extends Watched {
  /** The timeouts of the functions, by their folders. */
  timeouts: ReadonlyMap<string, Duration>;
}

/** Some of the alarms, about one thing. */
export abstract class Watches extends Construct {
  protected readonly props: WatchesProps;
  protected readonly metrics: ServiceMetrics;

  constructor(scope: Construct, id: string, props: WatchesProps) {
    super(scope, id);
    this.props = props;
    this.metrics = new ServiceMetrics(this);
  }

  abstract all(): Watch[];
}
