import type { MetricDatum } from '../cloudwatch/emf.ts';
import { statisticOf, ValueCounts } from '../cloudwatch/statistics.ts';
import type { QueueDepth } from './observed.ts';

/** What there is to see at a moment. */
export type Seen = {
  /** Milliseconds since 1970. */
  now: number;
  connections: number;
  /** `Published` and `DeliveryLatency` of the last minute. */
  data: readonly MetricDatum[];
  /** Messages since the beginning. */
  published: number;
  queues: readonly QueueDepth[];
  deadLetters: number;
  /** Of workflows, since the beginning. */
  failedExecutions: number;
  /** Names of the alarms that ring. */
  alarms: readonly string[];
};

/** What a summary tells. */
export type Figures = {
  now: number;
  connections: number;
  published: number;
  publishedLastMinute: number;
  messagesPerSecond: number;
  /** From publish to the last post, in milliseconds; absent when the last minute had none. */
  latency?: { p50: number; p95: number; p99: number };
  /** Those that hold something, the fullest first. */
  queues: QueueDepth[];
  deadLetters: number;
  failedExecutions: number;
  alarms: string[];
};

/** The rate is of the last so many milliseconds: one message shows, and is soon over. */
const rateMs = 10_000;

export function figuresOf({ now, data, queues, alarms, ...counts }: Seen): Figures {
  const published = data.filter(({ name }) => name === 'Published');
  const latencies = new ValueCounts();
  for (const { name, values } of data) {
    if (name === 'DeliveryLatency') for (const value of values) latencies.add(value);
  }
  return {
    now,
    ...counts,
    publishedLastMinute: sumOf(published),
    messagesPerSecond: sumOf(published.filter(({ timestamp }) => timestamp > now - rateMs)) / (rateMs / 1_000),
    ...(latencies.size > 0 && {
      latency: {
        p50: statisticOf(latencies, 'p50'),
        p95: statisticOf(latencies, 'p95'),
        p99: statisticOf(latencies, 'p99'),
      },
    }),
    queues: queues.filter(({ depth }) => depth > 0).sort((one, other) => other.depth - one.depth),
    alarms: [...alarms].sort(),
  };
}

function sumOf(data: readonly MetricDatum[]): number {
  return data.flatMap(({ values }) => values).reduce((sum, value) => sum + value, 0);
}
