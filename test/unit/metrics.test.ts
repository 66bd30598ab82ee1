import { jest } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invocation } from '../../functions/entry/invocation.ts';
import { metricCatalogue, type MetricDefinition } from '../../functions/platform/metric-catalogue.ts';
import { count, flushMetrics, measure } from '../../functions/platform/metrics.ts';
import { functionNames } from '../../build/functions.ts';
import { dataIn, type Datum } from '../integration/metrics/function-log.ts';
import { lambdaContext } from './support/events.ts';

describe('metrics', () => {
  const written: string[] = [];
  const stdout = jest.spyOn(process.stdout, 'write');

  beforeAll(() => {
    const lambda = { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' };
    Object.assign(process.env, { ...lambda, POWERTOOLS_SERVICE_NAME: 'fan-out', STACK_NAME: 'a-stack' });
  });
  beforeEach(() => {
    written.length = 0;
    stdout.mockImplementation((chunk) => {
      written.push(...String(chunk).split('\n').filter(Boolean));
      return true;
    });
  });
  afterAll(() => stdout.mockRestore());

  const lines = (): Datum[][] => written.map(dataIn);

  test('a count is one value of its sum; other metrics keep each value', () => {
    for (const value of [1, 2, 3]) {
      count('SlotsServed', value);
      measure('SlotLatency', value);
    }
    flushMetrics();
    expect(lines()).toHaveLength(1);
    const of = (metric: string): number[] =>
      lines().flatMap((line) => line.filter(({ name }) => name === metric).map(({ value }) => value));
    expect([of('SlotsServed'), of('SlotLatency')]).toEqual([[6], [1, 2, 3]]);
  });

  test('metrics of different dimensions share a line, in which each has its own', () => {
    count('Posts', 2, 'delivered');
    measure('CommitLatency', 12, 'fifo');
    count('RetriedLater', 1);
    flushMetrics();
    const shared = { service: 'fan-out', stack: 'a-stack' };
    expect(lines()).toHaveLength(1);
    const told = lines().flatMap((line) => line.map(({ name, value, dimensions }) => [name, value, dimensions]));
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        ['Posts', 2, { ...shared, outcome: 'delivered' }],
        ['CommitLatency', 12, { ...shared, messageType: 'fifo' }],
        ['RetriedLater', 1, shared],
      ]),
    );
  });

  test('what has the same name in another dimension has another line', () => {
    count('Posts', 2, 'delivered');
    count('Posts', 1, 'gone');
    count('RetryOutcomes', 1, 'gone');
    flushMetrics();
    expect(
      lines().map((line) => line.map(({ name, value, dimensions }) => [name, value, dimensions['outcome']])),
    ).toEqual([
      [['Posts', 2, 'delivered']],
      [
        ['Posts', 1, 'gone'],
        ['RetryOutcomes', 1, 'gone'],
      ],
    ]);
  });

  test('more values than a line may hold go in several lines, with the same dimensions', () => {
    for (let value = 1; value <= 250; value += 1) measure('DeliveryLatency', value, 'fifo');
    flushMetrics();
    expect(lines().map((line) => line.length)).toEqual([100, 100, 50]);
    expect(
      lines()
        .flat()
        .map(({ value }) => value),
    ).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
    for (const { dimensions } of lines().flat()) expect(dimensions).toMatchObject({ messageType: 'fifo' });
  });

  test('clocks that differ make no negative latency, and nothing counted makes no line', () => {
    measure('SlotLatency', -5);
    flushMetrics();
    expect(lines().flat()).toMatchObject([{ value: 0 }]);
    written.length = 0;
    count('SlotsServed', 0);
    flushMetrics();
    expect(written).toEqual([]);
  });

  test('an invocation writes what it measured, also when it fails; its environment starts cold once', async () => {
    const handler = invocation(async (fails: boolean) => {
      count('SlotsServed');
      if (fails) throw new Error('it failed');
      return 'done';
    });
    await expect(handler(true, lambdaContext())).rejects.toThrow('it failed');
    expect(await handler(false, lambdaContext())).toBe('done');
    const names = lines()
      .flat()
      .map(({ name }) => name);
    expect(names).toEqual(['ColdStart', 'SlotsServed', 'SlotsServed']);
  });
});

describe('the catalogue of metrics', () => {
  const entries = Object.entries(metricCatalogue as Record<string, MetricDefinition>);
  const root = join(import.meta.dirname, '../..');
  const functions = functionNames(root);

  test('names functions and workflows there are, and dimensions of few values', () => {
    const workflows = readdirSync(join(root, 'workflows')).map((file) => file.replace('.asl.json', ''));
    for (const [, { services, by, values }] of entries) {
      expect([...functions, ...workflows]).toEqual(expect.arrayContaining([...services]));
      expect(by === undefined).toBe(values === undefined);
      expect(values?.length ?? 0).toBeLessThanOrEqual(12);
    }
  });

  test('is told whole in docs/operations.md', () => {
    const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
    const [, section = ''] = page.split('\n## Metrics\n');
    const [table = ''] = section.split('\n## ');
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const code = (name: string | undefined): string => (name === undefined ? '' : `\`${name}\``);
    expect(rows).toEqual(
      entries.map(([name, { unit, by, services, what }]) => [code(name), unit, code(by), writers(services), what]),
    );
  });

  /** Who writes a metric, in few words. */
  function writers(services: readonly string[]): string {
    const are = (others: readonly string[]): boolean => services.join() === others.join();
    if (are(metricCatalogue.ColdStart.services)) return 'all but the authorizer';
    if (are(metricCatalogue.Refused.services)) return 'all that answer requests';
    return are(metricCatalogue.Published.services) ? 'both publishers' : services.join(', ');
  }

  test('every function but the authorizer says when it starts cold', () => {
    const silent = functions.filter(
      (name) => !(metricCatalogue.ColdStart.services as readonly string[]).includes(name),
    );
    expect(silent).toEqual(['websocket-authorizer']);
  });
});
