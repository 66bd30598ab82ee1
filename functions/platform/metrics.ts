import { Metrics } from '@aws-lambda-powertools/metrics';
import type { EmfOutput } from '@aws-lambda-powertools/metrics/types';
import { metricCatalogue, metricNamespace, type MetricDefinition } from './metric-catalogue.ts';

export type MetricName = keyof typeof metricCatalogue;

/** The value of the dimension by which a metric is told apart: one of the catalogue's, for a metric that has one. */
type By<Name extends MetricName> = (typeof metricCatalogue)[Name] extends {
  values: readonly (infer Value extends string)[];
}
  ? [dimension: Value]
  : [];

/** Metrics that others may share a line with. */
class SharedMetrics extends Metrics {
  /** Hands out what is stored, if anything is and metrics are on, and forgets it. */
  take(): EmfOutput | undefined {
    if (!this.hasStoredMetrics()) return undefined;
    const document = this.isDisabled() ? undefined : this.serializeMetrics();
    this.clearMetrics();
    return document;
  }
}

/** What was collected since the last flush, of the metrics that share their dimensions. */
interface Collection {
  metrics: SharedMetrics;
  values: Map<MetricName, number[]>;
}

const collections = new Map<string, Collection>();

/** Adds to a count. A flush writes one sum, however often something was counted: a post costs no line. */
export function count<Name extends MetricName>(name: Name, value = 1, ...[dimension]: By<Name>): void {
  if (value === 0) return;
  const values = valuesOf(name, dimension);
  values[0] = (values[0] ?? 0) + value;
}

/**
 * Notes one value of a metric whose distribution matters.
 *
 * @param value in the metric's unit. Less than 0 is taken for 0: latencies are differences of two machines' clocks.
 */
export function measure<Name extends MetricName>(name: Name, value: number, ...[dimension]: By<Name>): void {
  valuesOf(name, dimension).push(Math.max(0, value));
}

/** The first invocation of an execution environment counts itself. */
export function countColdStart(): void {
  collectionOf('ColdStart', undefined).metrics.captureColdStartMetric();
}

/**
 * Writes what was collected to the log, in the embedded metric format: one document, in which each combination of dimensions
 * has a directive of its own, and a further one for what shares a name in it, such as the counts of two outcomes. Writing a
 * line costs more than what stands in it. After 100 values of a metric, which is what a document may hold, there is a line of
 * their own (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 * CloudWatch reads it there; nothing is called. An invocation that dies before this takes its numbers with it.
 */
export function flushMetrics(): void {
  const documents: EmfOutput[] = [];
  for (const { metrics, values } of collections.values()) {
    for (const [name, collected] of values) {
      for (const value of collected) metrics.addMetric(name, metricCatalogue[name].unit, value);
    }
    values.clear();
    const document = metrics.take();
    if (document !== undefined) join(documents, document);
  }
  // Not by `console`, to whose lines Lambda adds a time and an id: then they are no JSON.
  if (documents.length > 0) process.stdout.write(documents.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/** Adds a document's directives and values to the first one in which all its names mean the same, or are free. */
function join(documents: EmfOutput[], document: EmfOutput): void {
  const { _aws, ...values } = document;
  const names = Object.keys(values);
  const found = documents.find((each) => names.every((name) => (each[name] ?? values[name]) === values[name]));
  if (found === undefined) documents.push(document);
  else {
    found._aws.CloudWatchMetrics.push(..._aws.CloudWatchMetrics);
    Object.assign(found, values);
  }
}

function valuesOf(name: MetricName, dimension: string | undefined): number[] {
  const { values } = collectionOf(name, dimension);
  const collected = values.get(name);
  if (collected !== undefined) return collected;
  const none: number[] = [];
  values.set(name, none);
  return none;
}

function collectionOf(name: MetricName, dimension: string | undefined): Collection {
  const { by }: MetricDefinition = metricCatalogue[name];
  const key = `${by}=${dimension}`;
  const known = collections.get(key);
  if (known !== undefined) return known;
  const stack = process.env['STACK_NAME'] ?? 'none';
  const metrics = new SharedMetrics({
    namespace: metricNamespace,
    // Default dimensions stay from line to line; `service` is there from POWERTOOLS_SERVICE_NAME.
    defaultDimensions: { stack, ...(by !== undefined && dimension !== undefined && { [by]: dimension }) },
  });
  const collection = { metrics, values: new Map<MetricName, number[]>() };
  collections.set(key, collection);
  return collection;
}
