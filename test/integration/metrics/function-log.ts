import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricCatalogue, type MetricDefinition } from '../../../functions/platform/metric-catalogue.ts';
import { metricsIn } from '../../../local/cloudwatch/emf.ts';

/** One value of a metric, with its dimensions by name. */
export type Datum = {
  name: string;
  unit: string;
  value: number;
  namespace: string;
  dimensions: Record<string, string>;
};

/** A line that the logger wrote, and the function that did. */
export type LogLine = Record<string, unknown> & { service: string; message: string };

/** Everything the functions of an embedded cloud have written so far. */
export class FunctionLog {
  readonly #file: string;

  constructor(dataFolder: string) {
    this.#file = join(dataFolder, 'functions.log');
  }

  text(): string {
    return readFileSync(this.#file, 'utf8');
  }

  /**
   * The values of metrics, in the order they were written. The last line may not be there whole.
   * @throws InvalidEmf for a line that CloudWatch would not take
   */
  metrics(): Datum[] {
    return this.#lines().flatMap(dataIn);
  }

  /** The lines that say this. */
  lines(message: string): LogLine[] {
    return this.#linesWith(message).filter((line) => line.message === message);
  }

  /** What was logged about a message, in the order it happened. */
  journey(messageId: string): LogLine[] {
    return this.#linesWith(messageId)
      .filter((line) => line['messageId'] === messageId || [line['messageIds']].flat().includes(messageId))
      .sort((a, b) => String(a['timestamp']).localeCompare(String(b['timestamp'])));
  }

  #linesWith(text: string): LogLine[] {
    return this.#lines()
      .filter((line) => line.includes(text) && line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Each line begins with the function's name. */
  #lines(): string[] {
    const whole = this.text().split('\n').slice(0, -1);
    return whole.map((line) => line.slice(line.indexOf(' ') + 1));
  }
}

/** The values of metrics in a line; none in one that holds something else. */
export function dataIn(line: string): Datum[] {
  return metricsIn(line).flatMap(({ name, unit, namespace, dimensions, values }) =>
    values.map((value) => ({ name, unit, namespace, dimensions, value })),
  );
}

const catalogue: Record<string, MetricDefinition> = metricCatalogue;

/** Metrics of which every value is written, where the others are counts. */
const distributions = Object.entries(catalogue)
  .filter(([name, { unit }]) => unit === 'Milliseconds' || ['RunLength', 'FanOutSize'].includes(name))
  .map(([name]) => name);

/** By service, metric and the value of its dimension: of counts the sum, of the others how many values there are. */
export function tally(data: readonly Datum[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const datum of data) {
    const { by = 'none' } = catalogue[datum.name] ?? {};
    const key = [datum.dimensions['service'], datum.name, datum.dimensions[by]].filter(Boolean).join(' ');
    sums[key] = (sums[key] ?? 0) + (distributions.includes(datum.name) ? 1 : datum.value);
  }
  return sums;
}
