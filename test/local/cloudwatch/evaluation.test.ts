import { type Datapoint, evaluate, type MissingData } from '../../../local/cloudwatch/evaluation.ts';
import { compileExpression } from '../../../local/cloudwatch/expression.ts';
import { statisticOf, ValueCounts } from '../../../local/cloudwatch/statistics.ts';

/** As AWS writes them: `0` within the threshold, `X` beyond it, `-` missing. */
const points = (text: string): Datapoint[] =>
  [...text.replaceAll(' ', '')].map((point) => (point === '-' ? undefined : point === 'X'));

const treatments: MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-evaluating-missing-data
describe('the state of an alarm, by the examples of AWS', () => {
  const current = 'INSUFFICIENT_DATA' as const;

  test.each([
    ['0 - X - X', ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', ['INSUFFICIENT_DATA', current, 'ALARM', 'OK']],
    ['0 X X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - - - X', ['INSUFFICIENT_DATA', current, 'ALARM', 'OK']],
    ['X - - - -', ['ALARM', current, 'ALARM', 'OK']],
  ])('three of three: %s', (range, states) => {
    const rules = { evaluationPeriods: 3, datapointsToAlarm: 3 };
    expect(
      treatments.map((treatMissingData) => evaluate(points(range), { ...rules, treatMissingData }, current)),
    ).toEqual(states);
  });

  test.each([
    ['0 - X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - X', ['INSUFFICIENT_DATA', current, 'ALARM', 'OK']],
  ])('two of three: %s', (range, states) => {
    const rules = { evaluationPeriods: 3, datapointsToAlarm: 2 };
    expect(
      treatments.map((treatMissingData) => evaluate(points(range), { ...rules, treatMissingData }, current)),
    ).toEqual(states);
  });
});

describe('metric math', () => {
  const valueOf = (values: Record<string, number>) => (id: string) => values[id];

  test('what is missing counts as nothing, and all of it missing is no value', () => {
    const { ids, evaluate: sum } = compileExpression('m0 + m1 + m2');
    expect(ids).toEqual(['m0', 'm1', 'm2']);
    expect(sum(valueOf({ m0: 1, m2: 4 }))).toBe(5);
    expect(sum(valueOf({}))).toBeUndefined();
  });

  test('comparisons count, each against its own limit', () => {
    const { evaluate: count } = compileExpression('(m0 > 10) + (m1 > 2.5) + (m2 > 0)');
    expect(count(valueOf({ m0: 10, m1: 2.6, m2: 1 }))).toBe(2);
    expect(count(valueOf({ m0: 10 }))).toBe(0);
  });

  test('a difference', () => {
    expect(compileExpression('whole - part').evaluate(valueOf({ whole: 5, part: 7 }))).toBe(-2);
  });

  test.each([
    ['10 - 2 - m0', 5],
    ['m0 + 2 * (m0 - 1)', 7],
    ['0.5 * m0 + m1 * 2', 1.5],
    ['(m0 + m0 - m1 > 5) + (m1 > 0)', 1],
    ['m0 - m0', 0],
  ])('operators bind as everywhere, from the left: %s', (text, expected) => {
    expect(compileExpression(text).evaluate(valueOf({ m0: 3 }))).toBe(expected);
  });

  test('a metric may come more than once', () => {
    expect(compileExpression('m0 + steady - steady').ids).toEqual(['m0', 'steady']);
    expect(compileExpression('m0 + steady - steady').evaluate(valueOf({ steady: 4 }))).toBe(0);
  });

  test.each(['SUM(METRICS())', 'm0 / m1', 'm0 m1', 'm0 +', '(m0 < 3)', '(m0', 'm0)', 'IF(m0, 1)', '3', '-m0', ''])(
    '%p is refused',
    (text) => {
      expect(() => compileExpression(text)).toThrow('is not implemented');
    },
  );
});

describe('statistics', () => {
  const counts = new ValueCounts();
  for (let value = 1; value <= 200; value += 1) counts.add(value);

  test.each([
    ['SampleCount', 200],
    ['Sum', 20_100],
    ['Average', 100.5],
    ['Minimum', 1],
    ['Maximum', 200],
    ['p50', 100],
    ['p99', 198],
    ['p99.9', 200],
  ] as const)('%s', (statistic, expected) => {
    expect(statisticOf(counts, statistic)).toBe(expected);
  });
});
