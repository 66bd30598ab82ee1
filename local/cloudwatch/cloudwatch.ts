import { setTimeout as delay } from 'node:timers/promises';
import type { LogLine } from '../lambda/function.ts';
import { folderOf } from '../lambda/from-template.ts';
import type { Messaging } from '../messaging/messaging.ts';
import type { Stack } from '../template/stack.ts';
import { Alarms } from './alarms.ts';
import { InvalidEmf, metricsIn } from './emf.ts';
import { alarmsOf, type AlarmDefinition } from './from-template.ts';
import { MetricFilters } from './metric-filters.ts';
import { MetricStore } from './metric-store.ts';
import { notify } from './notification.ts';
import { VendedMetrics } from './vended.ts';

export type CloudWatchSettings = {
  stack: Stack;
  messaging: Messaging;
  /** How long a minute of metrics and alarms takes. */
  minuteMs: number;
  onError: (error: unknown) => void;
};

/** CloudWatch: metrics that functions write to their logs, those AWS would keep of its services, and the alarms on them. */
export type CloudWatch = {
  /** Takes the metrics from a line that a function wrote. */
  ofFunction: LogLine;
  vended: VendedMetrics;
  definitions: AlarmDefinition[];
  alarms: Alarms;
  metrics: MetricStore;
  /** Begins to evaluate alarms, after each minute. */
  start(): void;
  stop(): Promise<void>;
};

/** Of a minute: before it is evaluated, lines written at its end arrive. */
const grace = 0.1;

/** @throws Error naming what in the template's alarms and metric filters is not implemented */
export function openCloudWatch({ stack, messaging, minuteMs, onError }: CloudWatchSettings): CloudWatch {
  const metrics = new MetricStore(minuteMs);
  const vended = new VendedMetrics(metrics);
  const filters = new MetricFilters(stack, metrics);
  const definitions = alarmsOf(stack);
  const telling = new Set<Promise<void>>();
  const alarms = new Alarms(definitions, metrics, (definition, change) => {
    const told = notify(messaging, definition, change).catch(onError);
    telling.add(told);
    void told.then(() => telling.delete(told));
  });
  const logGroups = new Map(
    stack.ofType('AWS::Lambda::Function').map((resource) => [folderOf(resource, stack), `/aws/lambda/${resource.ref}`]),
  );
  const queues = stack.ofType('AWS::SQS::Queue').map(({ attributes }) => attributes['QueueName'] ?? '');
  const stopping = new AbortController();
  let evaluating: Promise<void> = Promise.resolve();

  async function evaluateEachMinute(): Promise<void> {
    // Of the minute that is under way a part is gone: what nothing was heard of in the rest is no silence.
    const partial = metrics.minuteOf(Date.now());
    while (!stopping.signal.aborted) {
      const now = Date.now();
      const ended = metrics.minuteOf(now);
      const untilEnd = (ended + 1) * minuteMs - now;
      await delay(untilEnd, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      const endOfMinute = (ended + 1) * minuteMs - 1;
      for (const queueName of queues) {
        const seen = messaging.look(queueName);
        if (seen) vended.queue({ queueName, ...seen }, endOfMinute);
      }
      await delay(grace * minuteMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted && ended > partial) alarms.evaluate(ended);
    }
  }

  return {
    vended,
    definitions,
    alarms,
    metrics,
    ofFunction({ function: name, line }) {
      filters.line(logGroups.get(name) ?? '', line);
      try {
        for (const datum of metricsIn(line)) metrics.put(datum);
      } catch (error) {
        if (!(error instanceof InvalidEmf)) throw error;
        onError(new Error(`A line of ${name} is no valid embedded metric format: ${error.message}`));
      }
    },
    start() {
      evaluating = evaluateEachMinute();
      evaluating.catch(onError);
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled([evaluating, ...telling]);
    },
  };
}
