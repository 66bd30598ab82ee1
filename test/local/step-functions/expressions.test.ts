import { loadStates, outputOf, runStates } from './runs.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html */
describe('expressions', () => {
  test('are whole texts of the form {% .. %}, wherever they stand in a field', async () => {
    const output = {
      sum: '{% $states.input.a + 1 %}',
      list: ['{% $states.input.a %}', 'plain'],
      text: 'not {% this %}.',
    };
    expect(await outputOf(output, { a: 2 })).toEqual({ sum: 3, list: [2, 'plain'], text: 'not {% this %}.' });
  });

  test.each(['{% $states.input', '$states.input %}', ' {% $states.input %}'])(
    'half an expression is refused: %s',
    (text) => {
      expect(() => loadStates({ Say: { Type: 'Pass', Output: text, End: true } })).toThrow(
        'starts with {% and ends with %}',
      );
    },
  );

  test('a field may be null', async () => {
    expect(await outputOf(null, { a: 1 })).toBeNull();
  });

  test('that give nothing fail, also deep within a field; JSON cannot hold it', async () => {
    const result = await runStates({
      Say: { Type: 'Pass', Output: { a: { b: '{% $states.input.none %}' } }, End: true },
    });
    expect(result).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
      cause:
        "An error occurred while executing the state 'Say' (entered at the event id #2). The JSONata expression " +
        "'$states.input.none' specified for the field 'Output/a/b' returned nothing (undefined).",
    });
  });

  test('leave out a field of an object they construct when it would be nothing', async () => {
    expect(await outputOf("{% {'a': 1, 'b': $states.input.none} %}")).toEqual({ a: 1 });
  });

  test('that fail say why', async () => {
    const result = await runStates({ Say: { Type: 'Pass', Output: "{% 'text' + 1 %}", End: true } });
    expect(result).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining(
        `threw an error during evaluation. T2001: The left side of the "+" operator must evaluate to a number`,
      ) as string,
    });
  });

  test('that give a function, or a number JSON has not got, fail', async () => {
    const causes = ['{% $uppercase %}', '{% 1 / 0 %}'].map(async (Output) =>
      runStates({ Say: { Type: 'Pass', Output, End: true } }),
    );
    expect(await Promise.all(causes)).toMatchObject([
      { error: 'States.QueryEvaluationError', cause: expect.stringContaining('returned a function') as string },
      { error: 'States.QueryEvaluationError', cause: expect.stringContaining('returned Infinity') as string },
    ]);
  });

  test('have one time for all of themselves', async () => {
    expect(await outputOf('{% $toMillis($now()) = $millis() %}')).toBe(true);
    expect(await outputOf("{% $now('[Y0001]-[M01]', '+0000') = $substring($now(), 0, 7) %}")).toBe(true);
  });

  test('see no marks that JSONata leaves on arrays of another expression', async () => {
    const states = {
      One: { Type: 'Pass', Assign: { list: '{% $states.input.items[value > 1].value %}' }, Next: 'Two' },
      Two: { Type: 'Pass', Output: "{% {'list': $list, 'count': $count($list)} %}", End: true },
    };
    const input = { items: [{ value: 1 }, { value: 2 }, { value: 3 }] };
    expect(await runStates(states, input)).toMatchObject({ output: { list: [2, 3], count: 2 } });
  });
});

/** The same page, "JSONata functions provided by Step Functions". */
describe('functions of Step Functions', () => {
  test.each([
    ['$partition([1, 2, 3, 4, 5], 2)', [[1, 2], [3, 4], [5]]],
    ['$range(0, 10, 5)', [0, 5, 10]],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ['$range(1, 1, 1)', 1],
    ["$hash('abc', 'MD5')", '900150983cd24fb0d6963f7d28e17f72'],
    ["$hash('abc')", 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ["$hash('abc', 'SHA-1')", 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ["$length($hash('abc', 'SHA-384'))", 96],
    ["$length($hash('abc', 'SHA-512'))", 128],
    ['$random(7) = $random(7)', true],
    ['($r := $random(); $r >= 0 and $r < 1)', true],
    ['$parse(\'{"a": [1, null]}\')', { a: [1, null] }],
  ])('%s', async (expression, expected) => {
    expect(await outputOf(`{% ${expression} %}`)).toEqual(expected);
  });

  test('$uuid gives another UUID each time', async () => {
    const [one, other] = (await outputOf(['{% $uuid() %}', '{% $uuid() %}'])) as string[];
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(one).not.toBe(other);
  });

  test.each([
    ['$partition([1], 0)', 'positive whole number'],
    ['$range(0, 1, 0)', 'a step other than 0'],
    ['$range(1, 1001, 1)', 'at most 1000 numbers'],
    ["$hash('a', 'CRC')", 'not CRC'],
    ["$parse('{')", '$parse expects JSON'],
  ])('%s fails', async (expression, cause) => {
    const result = await runStates({ Say: { Type: 'Pass', Output: `{% ${expression} %}`, End: true } });
    expect(result).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining(cause) as string,
    });
  });
});

describe('expressions are refused when they name', () => {
  const refusalOf = (Output: string): string => {
    try {
      loadStates({
        Keep: { Type: 'Pass', Assign: { known: 1, count: 2 }, Next: 'Say' },
        Say: { Type: 'Pass', Output: `{% ${Output} %}`, End: true },
      });
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };

  test.each([
    ["$eval('1')", 'Step Functions has no $eval'],
    ['$unknown', 'there is no variable or function $unknown here'],
    ['$upper($states.input.a)', 'there is no variable or function $upper here'],
    ['$states.input.a ?? 1', 'JSONata 2.0.6, which has no ?? and no ?:'],
    ['$states.input.a ?: 1', 'JSONata 2.0.6, which has no ?? and no ?:'],
    ['$states.result', '$states has no result here'],
    ['$states.errorOutput.Cause', '$states has no errorOutput here'],
    ['$count([1])', 'the variable $count hides the function $count()'],
    ['states.input', 'the field states gives nothing here'],
    ['$.input', '$ gives nothing here'],
    ['$$', '$$ gives nothing here'],
    ["{'a': b}", 'the field b gives nothing here'],
    ['$states.context.Map.Item.Value', '$states.context.Map is there for ItemSelector only'],
    ['1 +', 'Unexpected end of expression'],
  ])('%s', (expression, problem) => {
    expect(refusalOf(expression)).toContain(problem);
  });

  test.each([
    '$known + $count',
    '$states.input.items[price > 3].name',
    '$map($states.input.items, function($item, $index) { $item.name & $index })',
    "$states.input.items.{'name': name, 'all': $}",
    '$states.input.items{id: $sum(price)}',
    '$states.input.items^(>price).name',
    '($half := function($x) { $x / 2 }; $half(4))',
    '$states.input ~> |items|{"seen": price > 1}|',
    '$states.input.items#$i.{"at": $i}',
    '$exists($states.input.a) ? $states.input.a : 1',
    '$states.input.**[type = 1]',
  ])('but not %s', (expression) => {
    expect(refusalOf(expression)).toBe('taken');
  });
});
