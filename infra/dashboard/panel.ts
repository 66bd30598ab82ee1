import type { IMetric, IWidget, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ServiceMetrics, sum } from '../service-metrics.ts';
import type { Watched } from '../watched.ts';

export const percentiles = ['p50', 'p95', 'p99'] as const;

/** Some rows of the dashboard, about one thing. */
export abstract class Panel extends Construct {
  protected readonly watched: Watched;
  protected readonly metrics: ServiceMetrics;

  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id);
    this.watched = watched;
    this.metrics = new ServiceMetrics(this);
  }

  abstract rows(): IWidget[][];

  /** A count of one function. */
  protected count(metricName: string, service: string, label: string, by: Record<string, string> = {}): Metric {
    return this.metrics.emitted(metricName, service, { statistic: 'Sum', label }, by);
  }

  /** A count of several functions together. */
  protected total(
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
