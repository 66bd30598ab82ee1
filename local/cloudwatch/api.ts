import * as v from 'valibot';
import type { Backend } from '../edge/edge.ts';
import { errorReply } from '../edge/replies.ts';
import { units } from './emf.ts';
import type { MetricStore } from './metric-store.ts';

const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(255));
const Dimension = v.strictObject({ Name, Value: v.pipe(v.string(), v.minLength(1), v.maxLength(1_024)) });
const Value = v.pipe(v.number(), v.finite());

/**
 * What PutMetricData takes, but for statistic sets and entities
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html, API_MetricDatum.html, API_Dimension.html).
 */
const MetricDatum = v.pipe(
  v.strictObject({
    MetricName: Name,
    Dimensions: v.optional(v.pipe(v.array(Dimension), v.maxLength(30)), []),
    /** Seconds since 1970. */
    Timestamp: v.optional(v.number()),
    Value: v.optional(Value),
    Values: v.optional(v.pipe(v.array(Value), v.minLength(1), v.maxLength(150))),
    Counts: v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(1)))),
    Unit: v.optional(v.picklist([...units]), 'None'),
    StorageResolution: v.optional(v.picklist([1, 60])),
  }),
  v.check((datum) => (datum.Value === undefined) !== (datum.Values === undefined), 'expected either Value or Values'),
  v.check(
    ({ Values, Counts }) => !Counts || Counts.length === Values?.length,
    'expected a count for each of the values',
  ),
);

const Request = v.strictObject({
  /** Those of AWS are its own. */
  Namespace: v.pipe(Name, v.regex(/^(?!AWS\/)[^:]/, 'expected none of AWS’s namespaces, nor a colon at its start')),
  MetricData: v.pipe(v.array(MetricDatum), v.minLength(1), v.maxLength(1_000)),
});

/** CloudWatch's API, as far as the stack calls it: PutMetricData, into the metrics that alarms are evaluated from. */
export function cloudWatchBackend(metrics: MetricStore): Backend {
  return async ({ id, action, input }) => {
    if (action !== 'PutMetricData') {
      const message = `The embedded CloudWatch has no ${action}.`;
      return errorReply('cloudwatch', id, { error: 'UnknownOperationException', statusCode: 400, message });
    }
    const { success, output, issues } = v.safeParse(Request, input, { abortEarly: true });
    if (!success) {
      const [issue] = issues;
      const message = `${v.getDotPath(issue) ?? 'The request'}: ${issue.message}`;
      return errorReply('cloudwatch', id, { error: 'InvalidParameterValueException', statusCode: 400, message });
    }
    for (const { MetricName, Dimensions, Timestamp, Value: one, Values, Counts, Unit } of output.MetricData) {
      metrics.put({
        namespace: output.Namespace,
        name: MetricName,
        unit: Unit,
        dimensions: Object.fromEntries(Dimensions.map((dimension) => [dimension.Name, dimension.Value])),
        values: one === undefined ? repeated(Values ?? [], Counts) : [one],
        timestamp: Timestamp === undefined ? Date.now() : Timestamp * 1_000,
      });
    }
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': id };
    return { status: 200, headers, body: '{}' };
  };
}

/** Each value as often as it is counted. */
function repeated(values: readonly number[], counts: readonly number[] = []): number[] {
  return values.flatMap((value, index) => Array<number>(counts[index] ?? 1).fill(value));
}
