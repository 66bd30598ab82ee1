/** A metric's values of one moment. */
export type MetricDatum = {
  namespace: string;
  name: string;
  unit: string;
  dimensions: Record<string, string>;
  values: number[];
  /** Milliseconds since 1970. */
  timestamp: number;
};

/** A line that means to hold metrics and does not keep to the format: CloudWatch counts it as `EMFValidationErrors`, and takes nothing from it. */
export class InvalidEmf extends Error {}

/** Those of https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html. */
export const units = new Set([
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'Count', 'None'],
  ...[
    'Bytes',
    'Kilobytes',
    'Megabytes',
    'Gigabytes',
    'Terabytes',
    'Bits',
    'Kilobits',
    'Megabits',
    'Gigabits',
    'Terabits',
  ],
  ...[
    'Bytes',
    'Kilobytes',
    'Megabytes',
    'Gigabytes',
    'Terabytes',
    'Bits',
    'Kilobits',
    'Megabits',
    'Gigabits',
    'Terabits',
    'Count',
  ].map((unit) => `${unit}/Second`),
]);

const maxMetrics = 100;
const maxValues = 100;
const maxDimensions = 30;
/** A log event's. */
const maxBytes = 256 * 1024;

type Node = Record<string, unknown>;

/**
 * The metrics a log line holds, by the embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html); none in a line
 * that is no such document.
 * @throws InvalidEmf naming the member, what was expected and what came
 */
export function metricsIn(line: string): MetricDatum[] {
  if (!line.includes('"_aws"')) return [];
  const root = parse(line);
  if (root === undefined || !('_aws' in root)) return [];
  if (Buffer.byteLength(line) > maxBytes) throw new InvalidEmf(`Expected at most ${maxBytes} bytes`);
  const metadata = object('_aws', root['_aws']);
  const timestamp = metadata['Timestamp'];
  if (!Number.isInteger(timestamp)) throw expected('_aws.Timestamp', 'whole milliseconds', timestamp);
  return list('_aws.CloudWatchMetrics', metadata['CloudWatchMetrics']).flatMap((directive, index) =>
    ofDirective(root, object(`_aws.CloudWatchMetrics[${index}]`, directive), Number(timestamp)),
  );
}

function ofDirective(root: Node, directive: Node, timestamp: number): MetricDatum[] {
  const namespace = name('Namespace', directive['Namespace']);
  const sets = list('Dimensions', directive['Dimensions']).map((keys) => dimensionSet(root, keys));
  if (sets.length === 0) throw expected('Dimensions', 'at least one set', directive['Dimensions']);
  const definitions = list('Metrics', directive['Metrics']);
  if (definitions.length > maxMetrics) throw expected('Metrics', `at most ${maxMetrics}`, definitions.length);
  return definitions.flatMap((candidate) => {
    const definition = object('Metrics[]', candidate);
    const metricName = name('Metrics[].Name', definition['Name']);
    const { Unit: unit = 'None', StorageResolution: resolution = 60 } = definition;
    if (typeof unit !== 'string' || !units.has(unit)) throw expected(`Unit of ${metricName}`, 'a unit', unit);
    if (resolution !== 1 && resolution !== 60)
      throw expected(`StorageResolution of ${metricName}`, '1 or 60', resolution);
    const values = valuesOf(metricName, target(root, metricName));
    return sets.map((dimensions) => ({ namespace, name: metricName, unit, dimensions, values, timestamp }));
  });
}

function dimensionSet(root: Node, keys: unknown): Record<string, string> {
  const names = list('Dimensions[]', keys).map((key) => name('Dimensions[][]', key));
  if (names.length > maxDimensions) throw expected('Dimensions[]', `at most ${maxDimensions} keys`, names.length);
  return Object.fromEntries(
    names.map((key) => {
      const value = target(root, key);
      if (typeof value !== 'string' || value === '') throw expected(`dimension ${key}`, 'text', value);
      return [key, value];
    }),
  );
}

function valuesOf(metricName: string, value: unknown): number[] {
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  if (values.length > maxValues) throw expected(metricName, `at most ${maxValues} values`, values.length);
  if (!values.every((each) => typeof each === 'number')) throw expected(metricName, 'a number or numbers', value);
  return values as number[];
}

/** A member of the root itself: references do not reach into objects. */
function target(root: Node, member: string): unknown {
  if (!Object.hasOwn(root, member)) throw expected(member, 'a member of the document', undefined);
  return root[member];
}

function parse(line: string): Node | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : undefined;
  } catch {
    return undefined;
  }
}

function object(what: string, value: unknown): Node {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Node;
  throw expected(what, 'an object', value);
}

function list(what: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw expected(what, 'a list', value);
}

function name(what: string, value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= 255) return value;
  throw expected(what, 'a text of 1 to 255 characters', value);
}

function expected(what: string, wanted: string, came: unknown): InvalidEmf {
  return new InvalidEmf(`${what}: expected ${wanted}, received ${JSON.stringify(came) ?? 'nothing'}`);
}
