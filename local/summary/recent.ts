import type { MetricDatum } from '../cloudwatch/emf.ts';

/** How long values are kept. */
const recentMs = 60_000;

/** What of the metrics is counted from the beginning on. */
const counted: Record<string, 'published' | 'failedExecutions' | 'lettersMoved'> = {
  Published: 'published',
  ExecutionsFailed: 'failedExecutions',
  ExecutionsTimedOut: 'failedExecutions',
  DeadLettersRecorded: 'lettersMoved',
  RedriveOutcomes: 'lettersMoved',
};

/** What the summary tells of the values of the last minute. */
const kept = ['Published', 'DeliveryLatency'];

/** The metrics a summary is made of, as they come: the values of the last minute, and what was counted since the beginning. */
export class Recent {
  readonly counts = { published: 0, failedExecutions: 0, lettersMoved: 0 };
  #data: MetricDatum[] = [];

  take(datum: MetricDatum): void {
    const count = Object.hasOwn(counted, datum.name) ? counted[datum.name] : undefined;
    if (count) this.counts[count] += datum.values.reduce((sum, value) => sum + value, 0);
    if (kept.includes(datum.name)) this.#data.push(datum);
  }

  /** Of the last minute before `now`, in milliseconds since 1970; what is older is forgotten. */
  data(now: number): readonly MetricDatum[] {
    this.#data = this.#data.filter(({ timestamp }) => timestamp > now - recentMs);
    return this.#data;
  }
}
