import { metricCatalogue, metricNamespace, type MetricDefinition } from './metric-catalogue.ts';

export type MetricName = keyof typeof metricCatalogue;

/** The value of the dimension by which a metric is told apart: one of the catalogue's, for a metric that has one. */
type By<Name extends MetricName> = (typeof metricCatalogue)[Name] extends {
  values: readonly (infer Value extends string)[];
}
  ? [dimension: Value]
  : [];

/** What was collected since the last flush, of the metrics that share their dimensions. */
interface Collection {
  dimensions: Record<string, string>;
  values: Map<MetricName, number[]>;
}

/** A line: directives say which of its members are metrics, and which their dimensions. */
interface Document {
  directives: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[];
  members: Record<string, string | number | number[]>;
}

/** Values of a metric in a document. */
const mostValues = 100;

const collections = new Map<string, Collection>();

let isCold = true;

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

/** The first invocation of an execution environment counts itself, unless it was made ready beforehand. */
export function countColdStart(): void {
  if (isCold && process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] === 'on-demand') count('ColdStart');
  isCold = false;
}

/**
 * Writes what was collected to the log, in the embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 * Combinations of dimensions share a document, each in a directive of its own: a line costs more than what stands in it. What
 * has the same name in two, such as the counts of two outcomes, and what is over 100 values of a metric, is in further ones.
 * CloudWatch reads it there; nothing is called. An invocation that dies before this takes its numbers with it.
 */
export function flushMetrics(): void {
  const documents: Document[] = [];
  for (const { dimensions, values } of collections.values()) {
    while (values.size > 0) add(documents, dimensions, taken(values));
  }
  if (documents.length === 0 || process.env['LOG_LEVEL'] === 'SILENT') return;
  const Timestamp = Date.now();
  const lines = documents.map(({ directives, members }) =>
    JSON.stringify({ _aws: { Timestamp, CloudWatchMetrics: directives }, ...members }),
  );
  // Not by `console`, to whose lines Lambda adds a time and an id: then they are no JSON.
  process.stdout.write(`${lines.join('\n')}\n`);
}

type Taken = [name: MetricName, values: number[]][];

/** Takes out as many values of each metric as a document may hold. */
function taken(values: Map<MetricName, number[]>): Taken {
  return [...values].map(([name, all]) => {
    if (all.length <= mostValues) values.delete(name);
    else values.set(name, all.slice(mostValues));
    return [name, all.slice(0, mostValues)];
  });
}

/** Adds metrics to the first document in which their names are free, and their dimensions are the same, or free. */
function add(documents: Document[], dimensions: Record<string, string>, metrics: Taken): void {
  const fits = ({ members }: Document): boolean =>
    metrics.every(([name]) => members[name] === undefined) &&
    Object.entries(dimensions).every(([name, value]) => (members[name] ?? value) === value);
  let document = documents.find(fits);
  if (document === undefined) documents.push((document = { directives: [], members: {} }));
  document.directives.push({
    Namespace: metricNamespace,
    Dimensions: [Object.keys(dimensions)],
    Metrics: metrics.map(([name]) => ({ Name: name, Unit: metricCatalogue[name].unit })),
  });
  Object.assign(document.members, dimensions);
  for (const [name, values] of metrics) document.members[name] = values.length === 1 ? (values[0] ?? 0) : values;
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
  const { POWERTOOLS_SERVICE_NAME: service = 'none', STACK_NAME: stack = 'none' } = process.env;
  const dimensions = { service, stack, ...(by !== undefined && dimension !== undefined && { [by]: dimension }) };
  const collection = { dimensions, values: new Map<MetricName, number[]>() };
  collections.set(key, collection);
  return collection;
}
