import { compilePattern, type MessageTest } from '../logs/filter-pattern.ts';
import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport, Stack } from '../template/stack.ts';
import type { MetricStore } from './metric-store.ts';

const transformationProperties: Record<string, PropertySupport> = {
  MetricName: 'implemented',
  MetricNamespace: 'implemented',
  MetricValue: 'implemented',
};

type Filter = { logGroup: string; matches: MessageTest; namespace: string; name: string; value: number };

/**
 * Counts lines of log groups, as the template's metric filters say.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringPolicyExamples.html
 */
export class MetricFilters {
  readonly #filters: Filter[];
  readonly #store: MetricStore;

  /** @throws Error naming what is not implemented: values taken from the line, dimensions, some patterns */
  constructor(stack: Stack, store: MetricStore) {
    this.#store = store;
    this.#filters = stack.ofType('AWS::Logs::MetricFilter').flatMap(({ logicalId, properties }) => {
      const { FilterPattern, LogGroupName, MetricTransformations } = properties as {
        FilterPattern: string;
        LogGroupName: string;
        MetricTransformations: { MetricName: string; MetricNamespace: string; MetricValue: string }[];
      };
      return MetricTransformations.map((transformation) => {
        refuseUnknownProperties(`${logicalId}.MetricTransformations`, transformation, transformationProperties);
        const { MetricName: name, MetricNamespace: namespace, MetricValue } = transformation;
        const value = Number(MetricValue);
        if (Number.isNaN(value)) throw new Error(`${logicalId}: the MetricValue ${MetricValue} is not implemented`);
        return { logGroup: LogGroupName, matches: compilePattern(FilterPattern), namespace, name, value };
      });
    });
  }

  /** A line was written to a log group. */
  line(logGroup: string, message: string): void {
    for (const filter of this.#filters) {
      if (filter.logGroup !== logGroup || !filter.matches(message)) continue;
      const { namespace, name, value } = filter;
      this.#store.put({ namespace, name, dimensions: {}, unit: 'None', values: [value], timestamp: Date.now() });
    }
  }
}
