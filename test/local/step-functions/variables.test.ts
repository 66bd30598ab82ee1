import { runStates } from './runs.ts';

const end = { End: true };

/** https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html */
describe('variables', () => {
  test('are assigned all at once, from what they were', async () => {
    const states = {
      Set: { Type: 'Pass', Assign: { x: 3, y: 6 }, Next: 'Swap' },
      Swap: { Type: 'Pass', Assign: { x: '{% $y %}', y: '{% $x %}' }, Output: '{% $x %}', Next: 'Say' },
      Say: { Type: 'Pass', Output: '{% [$states.input, $x, $y] %}', ...end },
    };
    expect(await runStates(states)).toMatchObject({ output: [3, 6, 3] });
  });

  test('that were never assigned give nothing', async () => {
    const states = {
      Choose: {
        Type: 'Choice',
        Choices: [{ Condition: '{% $exists($states.input.set) %}', Next: 'Set' }],
        Default: 'Say',
      },
      Set: { Type: 'Pass', Assign: { x: 1 }, Next: 'Say' },
      Say: { Type: 'Pass', Output: '{% $x %}', ...end },
    };
    expect(await runStates(states, { set: 1 })).toMatchObject({ output: 1 });
    expect(await runStates(states)).toMatchObject({ error: 'States.QueryEvaluationError' });
  });

  test('of an outer scope can be read inside; those inside end with it and are apart from each other', async () => {
    const states = {
      Set: { Type: 'Pass', Assign: { outer: 10 }, Next: 'Each' },
      Each: {
        ...{ Type: 'Map', Items: [1, 2, 3], Assign: { outer: '{% $sum($states.result) %}' }, Output: {}, Next: 'Say' },
        ItemProcessor: {
          StartAt: 'Keep',
          States: {
            Keep: { Type: 'Pass', Assign: { own: '{% $states.input * $outer %}' }, Next: 'Give' },
            Give: { Type: 'Pass', Output: '{% $own %}', ...end },
          },
        },
      },
      Say: { Type: 'Pass', Output: '{% $outer %}', ...end },
    };
    expect(await runStates(states)).toMatchObject({ output: 60 });
  });

  test('are assigned by a Catch of a Parallel in the scope around it', async () => {
    const states = {
      Set: { Type: 'Pass', Assign: { why: '' }, Next: 'Both' },
      Both: {
        ...{ Type: 'Parallel', Branches: [{ StartAt: 'Bad', States: { Bad: { Type: 'Fail', Error: 'A' } } }], ...end },
        Catch: [{ ErrorEquals: ['A'], Assign: { why: '{% $states.errorOutput.Error %}' }, Next: 'Say' }],
      },
      Say: { Type: 'Pass', Output: '{% $why %}', ...end },
    };
    expect(await runStates(states)).toMatchObject({ output: 'A' });
  });

  test('keep null', async () => {
    const states = {
      Set: { Type: 'Pass', Assign: { x: null }, Next: 'Say' },
      Say: { Type: 'Pass', Output: '{% $x %}', ...end },
    };
    expect(await runStates(states)).toMatchObject({ status: 'SUCCEEDED', output: null });
  });
});
