import type { MetricStore } from '../cloudwatch/metric-store.ts';

/** How many messages a queue holds, those in flight included. */
export type QueueDepth = { name: string; depth: number };

/** What an embedded cloud shows of itself to who looks on. Looking is no call: nothing of it passes the edge. */
export type Observed = {
  metrics: Pick<MetricStore, 'watch'>;
  /** How many sockets are open. */
  connections(): number;
  queues(): QueueDepth[];
  /** How many dead letters are neither redriven nor discarded. */
  waitingLetters(): Promise<number>;
  /** Names of the alarms that ring. */
  ringing(): string[];
};
