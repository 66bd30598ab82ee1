import type { MetricDatum } from './emf.ts';
import { type Statistic, statisticOf, ValueCounts } from './statistics.ts';

/** What makes a metric that one: whoever asks with other dimensions asks for another metric, as on AWS. */
export type MetricIdentity = { namespace: string; name: string; dimensions: Record<string, string> };

/** A metric as the control surface shows it. */
export type ShownMetric = MetricIdentity & {
  unit: string;
  /** The minutes that have values, the latest last. */
  minutes: ({ minute: string; sampleCount: number } & Record<Shown, number>)[];
};

const shown = ['sum', 'average', 'minimum', 'maximum', 'p50', 'p95', 'p99'] as const;
type Shown = (typeof shown)[number];

const statisticsShown: Record<Shown, Statistic> = {
  sum: 'Sum',
  average: 'Average',
  minimum: 'Minimum',
  maximum: 'Maximum',
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
};

type Stored = MetricIdentity & { unit: string; minutes: Map<number, ValueCounts> };

/** Minutes that are remembered. */
const keptMinutes = 60;

/** The metrics of a stack, minute by minute. A minute may be shorter here than elsewhere. */
export class MetricStore {
  readonly #minuteMs: number;
  readonly #metrics = new Map<string, Stored>();
  readonly #watchers: ((datum: MetricDatum) => void)[] = [];

  constructor(minuteMs: number) {
    this.#minuteMs = minuteMs;
  }

  /** Calls somebody for all that is put from now on. */
  watch(onDatum: (datum: MetricDatum) => void): void {
    this.#watchers.push(onDatum);
  }

  put(datum: MetricDatum): void {
    const { namespace, name, dimensions, unit, values, timestamp } = datum;
    for (const watcher of this.#watchers) watcher(datum);
    const key = keyOf({ namespace, name, dimensions });
    let stored = this.#metrics.get(key);
    if (!stored) {
      stored = { namespace, name, dimensions, unit, minutes: new Map() };
      this.#metrics.set(key, stored);
    }
    const minute = this.minuteOf(timestamp);
    let counts = stored.minutes.get(minute);
    if (!counts) {
      counts = new ValueCounts();
      stored.minutes.set(minute, counts);
      for (const old of stored.minutes.keys()) if (old <= minute - keptMinutes) stored.minutes.delete(old);
    }
    for (const value of values) counts.add(value);
  }

  /** The number of the minute that a time, in milliseconds since 1970, belongs to. */
  minuteOf(timestamp: number): number {
    return Math.floor(timestamp / this.#minuteMs);
  }

  /** A statistic of one minute; undefined when the minute has no values. */
  read(metric: MetricIdentity, statistic: Statistic, minute: number): number | undefined {
    const counts = this.#metrics.get(keyOf(metric))?.minutes.get(minute);
    return counts && statisticOf(counts, statistic);
  }

  list(): ShownMetric[] {
    return [...this.#metrics.values()].map(({ minutes, ...metric }) => ({
      ...metric,
      minutes: [...minutes]
        .sort(([a], [b]) => a - b)
        .map(([minute, counts]) => ({
          minute: new Date(minute * this.#minuteMs).toISOString(),
          sampleCount: counts.size,
          ...(Object.fromEntries(
            shown.map((statistic) => [statistic, statisticOf(counts, statisticsShown[statistic])]),
          ) as Record<Shown, number>),
        })),
    }));
  }
}

function keyOf({ namespace, name, dimensions }: MetricIdentity): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
