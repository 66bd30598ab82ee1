/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html, as far as alarms here use them. */
export type Statistic = 'Sum' | 'Average' | 'Minimum' | 'Maximum' | 'SampleCount' | `p${number}`;

/** Whether it is one of those. */
export function isStatistic(text: string): text is Statistic {
  return /^(Sum|Average|Minimum|Maximum|SampleCount|p(100|\d{1,2}(\.\d+)?))$/.test(text);
}

/** Values with how often each came: latencies repeat, and a busy minute has many. */
export class ValueCounts {
  readonly #counts = new Map<number, number>();
  size = 0;
  sum = 0;

  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    this.size += 1;
    this.sum += value;
  }

  /** In ascending order. */
  sorted(): [value: number, count: number][] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }
}

/** A statistic of at least one value. A percentile is the smallest value that at least so many percent do not exceed. */
export function statisticOf(counts: ValueCounts, statistic: Statistic): number {
  switch (statistic) {
    case 'SampleCount':
      return counts.size;
    case 'Sum':
      return counts.sum;
    case 'Average':
      return counts.sum / counts.size;
    case 'Minimum':
      return percentile(counts, 0);
    case 'Maximum':
      return percentile(counts, 100);
    default:
      return percentile(counts, Number(statistic.slice(1)));
  }
}

function percentile(counts: ValueCounts, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * counts.size));
  let passed = 0;
  for (const [value, count] of counts.sorted()) {
    passed += count;
    if (passed >= rank) return value;
  }
  return NaN;
}
