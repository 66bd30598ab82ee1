import { InvalidEmf, metricsIn } from '../../../local/cloudwatch/emf.ts';

const timestamp = 1_795_000_000_000;

/** A document with one metric and what is said besides. */
function line(directive: Record<string, unknown> = {}, root: Record<string, unknown> = {}): string {
  return JSON.stringify({
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [
        { Namespace: 'Shop', Dimensions: [['service']], Metrics: [{ Name: 'Sold', Unit: 'Count' }], ...directive },
      ],
    },
    service: 'till',
    Sold: 2,
    ...root,
  });
}

describe('metrics in log lines', () => {
  test('a metric has namespace, name, unit, dimensions, values and time', () => {
    expect(metricsIn(line())).toEqual([
      { namespace: 'Shop', name: 'Sold', unit: 'Count', dimensions: { service: 'till' }, values: [2], timestamp },
    ]);
  });

  test('each set of dimensions makes a metric, an empty one, too; several values are taken as they are', () => {
    const found = metricsIn(line({ Dimensions: [['service'], []] }, { Sold: [1, 2, 3] }));
    expect(found.map(({ dimensions, values }) => ({ dimensions, values }))).toEqual([
      { dimensions: { service: 'till' }, values: [1, 2, 3] },
      { dimensions: {}, values: [1, 2, 3] },
    ]);
  });

  test('a metric without a unit has the unit None', () => {
    expect(metricsIn(line({ Metrics: [{ Name: 'Sold' }] }))).toMatchObject([{ unit: 'None' }]);
  });

  test.each(['plain text', '{"message":"no metrics"}', '{"message":"\\"_aws\\" in a text"}', '"_aws"', '{"_aws":'])(
    'other lines hold none: %s',
    (other) => {
      expect(metricsIn(other)).toEqual([]);
    },
  );

  test.each([
    ['a time that is no number', JSON.stringify({ _aws: { Timestamp: 'now', CloudWatchMetrics: [] } }), 'Timestamp'],
    ['no list of directives', JSON.stringify({ _aws: { Timestamp: timestamp } }), 'CloudWatchMetrics'],
    ['no namespace', line({ Namespace: '' }), 'Namespace'],
    ['no set of dimensions', line({ Dimensions: [] }), 'Dimensions'],
    ['a dimension the line has not got', line({ Dimensions: [['shop']] }), 'shop'],
    ['a dimension that is no text', line({}, { service: 7 }), 'service'],
    ['31 dimensions', line({ Dimensions: [Array.from({ length: 31 }, () => 'service')] }), '30'],
    ['a metric the line has not got', line({ Metrics: [{ Name: 'Bought' }] }), 'Bought'],
    ['a metric inside an object', line({ Metrics: [{ Name: 'a.b' }] }, { a: { b: 1 } }), 'a.b'],
    ['a value that is no number', line({}, { Sold: 'two' }), 'Sold'],
    ['101 values', line({}, { Sold: Array.from({ length: 101 }, () => 1) }), '100'],
    ['101 metrics', line({ Metrics: Array.from({ length: 101 }, () => ({ Name: 'Sold' })) }), '100'],
    ['a unit there is not', line({ Metrics: [{ Name: 'Sold', Unit: 'Pieces' }] }), 'Pieces'],
    ['a resolution there is not', line({ Metrics: [{ Name: 'Sold', StorageResolution: 30 }] }), '1 or 60'],
  ])('%s is refused, and says so', (_what, wrong, named) => {
    expect(() => metricsIn(wrong)).toThrow(InvalidEmf);
    expect(() => metricsIn(wrong)).toThrow(named);
  });
});
