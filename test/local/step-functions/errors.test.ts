import { virtualClock } from '../../setup/virtual-clock.ts';
import { Failure } from '../../setup/run-definition.ts';
import { runStates } from './runs.ts';

const end = { End: true };
const task = (more: object): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: {},
  ...end,
  ...more,
});

/** Answers calls with these errors in turn, then with success. */
function failing(...errors: string[]): () => object {
  const left = [...errors];
  return () => {
    const error = left.shift();
    if (error) throw new Failure(error, `cause of ${error}`);
    return { attempts: errors.length - left.length + 1 };
  };
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error */
describe('Retry', () => {
  async function delays(
    retriers: object[],
    errors: string[],
    random = () => 1,
  ): Promise<{ status: string; slept: number[] }> {
    const clock = virtualClock();
    const options = { clock, random, perform: failing(...errors) };
    const { status } = await runStates({ Call: task({ Retry: retriers }) }, {}, options);
    return { status, slept: clock.slept.map((milliseconds) => milliseconds / 1_000) };
  }
  const times = (count: number, error = 'A'): string[] => Array<string>(count).fill(error);

  test('waits 1 s, doubling, and tries 3 times, unless told otherwise', async () => {
    expect(await delays([{ ErrorEquals: ['A'] }], times(3))).toEqual({ status: 'SUCCEEDED', slept: [1, 2, 4] });
    expect(await delays([{ ErrorEquals: ['A'] }], times(4))).toEqual({ status: 'FAILED', slept: [1, 2, 4] });
  });

  test('multiplies the interval by the backoff rate, up to the longest delay', async () => {
    const retrier = { ErrorEquals: ['A'], IntervalSeconds: 3, BackoffRate: 2.5, MaxAttempts: 4, MaxDelaySeconds: 20 };
    expect(await delays([retrier], times(4))).toEqual({ status: 'SUCCEEDED', slept: [3, 7.5, 18.75, 20] });
  });

  test('with full jitter waits any time up to that', async () => {
    const retrier = { ErrorEquals: ['A'], IntervalSeconds: 2, MaxDelaySeconds: 6, JitterStrategy: 'FULL' };
    const randoms = [0.5, 0, 0.25];
    expect(await delays([retrier], times(3), () => randoms.shift() ?? 1)).toMatchObject({ slept: [1, 0, 1.5] });
  });

  test('does not for MaxAttempts 0', async () => {
    expect(await delays([{ ErrorEquals: ['A'], MaxAttempts: 0 }], times(1))).toEqual({ status: 'FAILED', slept: [] });
  });

  test('counts attempts per retrier, across all errors that it covers', async () => {
    const retriers = [
      { ErrorEquals: ['A', 'B'], MaxAttempts: 2 },
      { ErrorEquals: ['States.ALL'], IntervalSeconds: 5 },
    ];
    expect(await delays(retriers, ['A', 'C', 'B', 'C'])).toEqual({ status: 'SUCCEEDED', slept: [1, 5, 2, 10] });
    expect(await delays(retriers, ['A', 'B', 'A'])).toEqual({ status: 'FAILED', slept: [1, 2] });
  });

  test('an error is for the first retrier that covers it, be its attempts used up', async () => {
    const retriers = [{ ErrorEquals: ['A'], MaxAttempts: 1 }, { ErrorEquals: ['States.ALL'] }];
    expect(await delays(retriers, times(2))).toEqual({ status: 'FAILED', slept: [1] });
  });

  test('tells the state how often it was', async () => {
    const retry = { ErrorEquals: ['A'] };
    const state = task({ Arguments: { n: '{% $states.context.State.RetryCount %}' }, Retry: [retry] });
    const seen: unknown[] = [];
    const answer = failing(...times(2));
    await runStates(
      { Call: state },
      {},
      {
        perform({ parameters }) {
          seen.push(parameters['n']);
          return answer();
        },
      },
    );
    expect(seen).toEqual([0, 1, 2]);
  });

  test('begins anew at each visit of the state', async () => {
    const states = {
      Call: task({ End: undefined, Retry: [{ ErrorEquals: ['A'], MaxAttempts: 1 }], Next: 'Again', Output: {} }),
      Again: {
        Type: 'Choice',
        Choices: [{ Condition: '{% $exists($states.input.once) %}', Next: 'Call' }],
        Default: 'Done',
      },
      Done: { Type: 'Succeed' },
    };
    const looping = { ...states, Call: { ...states.Call, Output: "{% $states.input = {} ? {'once': 1} : {} %}" } };
    const clock = virtualClock();
    const errors = [true, false, true, false];
    const result = await runStates(
      looping,
      {},
      {
        clock,
        perform: () => {
          if (errors.shift()) throw new Failure('A', '');
          return {};
        },
      },
    );
    expect(result).toMatchObject({ status: 'SUCCEEDED', history: ['Call', 'Again', 'Call', 'Again', 'Done'] });
    expect(clock.slept).toEqual([1_000, 1_000]);
  });

  test('runs a whole Parallel or Map again', async () => {
    let calls = 0;
    const states = {
      Each: {
        ...{ Type: 'Map', Items: [1, 2], MaxConcurrency: 1, Retry: [{ ErrorEquals: ['A'] }], ...end },
        ItemProcessor: { StartAt: 'Call', States: { Call: task({}) } },
      },
    };
    const result = await runStates(
      states,
      {},
      {
        perform: () => {
          if (++calls === 2) throw new Failure('A', '');
          return calls;
        },
      },
    );
    expect(result).toMatchObject({ output: [3, 4] });
  });

  test('calls again when the Output of a call that succeeded fails', async () => {
    let calls = 0;
    const state = task({
      Output: '{% $states.result.n > 1 ? 1 : $error("not yet") %}',
      Retry: [{ ErrorEquals: ['States.ALL'] }],
    });
    const result = await runStates({ Call: state }, {}, { perform: () => ({ n: ++calls }) });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: 1 });
  });
});

/** The same page, "Fallback states" and "Error names". */
describe('Catch', () => {
  const caughtBy = async (catchers: string[][], error: string): Promise<string> => {
    const names = catchers.map((_errors, index) => `Caught${index}`);
    const states = {
      Call: task({ Catch: catchers.map((ErrorEquals, index) => ({ ErrorEquals, Next: names[index] })) }),
      ...Object.fromEntries(names.map((name) => [name, { Type: 'Succeed' }])),
    };
    const { history, status } = await runStates(states, {}, { perform: failing(error) });
    return status === 'SUCCEEDED' ? (history.at(-1) ?? '') : 'nobody';
  };

  test.each([
    ['the first that names it', [['A'], ['A']], 'A', 'Caught0'],
    ['a later one', [['A'], ['C', 'B']], 'B', 'Caught1'],
    ['nobody who names another', [['A']], 'B', 'nobody'],
    ['States.ALL, whatever it is', [['States.ALL']], 'Anything', 'Caught0'],
    ['States.ALL, a timeout too', [['States.ALL']], 'States.Timeout', 'Caught0'],
    ['States.TaskFailed, any error', [['States.TaskFailed']], 'DynamoDb.ConditionalCheckFailedException', 'Caught0'],
    ['States.TaskFailed, but no timeout', [['States.TaskFailed']], 'States.Timeout', 'nobody'],
    ['nobody with States.ALL, for too much data', [['States.ALL']], 'States.DataLimitExceeded', 'nobody'],
    ['nobody with States.TaskFailed, for too much data', [['States.TaskFailed']], 'States.DataLimitExceeded', 'nobody'],
    ['one who names too much data', [['States.DataLimitExceeded']], 'States.DataLimitExceeded', 'Caught0'],
    ['nobody with States.ALL, for States.Runtime', [['States.ALL']], 'States.Runtime', 'nobody'],
    ['nobody at all for States.Runtime', [['States.Runtime']], 'States.Runtime', 'nobody'],
  ])('an error goes to %s', async (_whom, catchers, error, expected) => {
    expect(await caughtBy(catchers, error)).toBe(expected);
  });

  test('comes after all retries', async () => {
    const clock = virtualClock();
    const recovering = {
      Retry: [{ ErrorEquals: ['A'], MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ['A'], Next: 'Caught' }],
    };
    const states = { Call: task(recovering), Caught: { Type: 'Succeed' } };
    const result = await runStates(states, {}, { clock, perform: failing('A', 'A') });
    expect(result).toMatchObject({ output: { Error: 'A', Cause: 'cause of A' }, history: ['Call', 'Caught'] });
    expect(clock.slept).toEqual([1_000]);
  });

  test('has Output and Assign of its own, which see error and input; those of the state do not count', async () => {
    const states = {
      Call: task({
        Output: 'of the state',
        Assign: { who: 'state' },
        Catch: [
          {
            ErrorEquals: ['States.ALL'],
            Output: { why: '{% $states.errorOutput.Error %}', id: '{% $states.input.id %}' },
            Assign: { who: '{% $states.errorOutput.Cause %}' },
            Next: 'Caught',
          },
        ],
      }),
      Caught: { Type: 'Pass', Output: '{% $merge([$states.input, {"who": $who}]) %}', ...end },
    };
    const result = await runStates(states, { id: 1 }, { perform: failing('A') });
    expect(result).toMatchObject({ output: { why: 'A', id: 1, who: 'cause of A' } });
  });

  test('an expression that fails can be caught', async () => {
    const states = {
      Call: task({
        Arguments: '{% $states.input.none %}',
        Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Caught' }],
      }),
      Caught: { Type: 'Succeed' },
    };
    expect(await runStates(states)).toMatchObject({ status: 'SUCCEEDED', history: ['Call', 'Caught'] });
  });

  test('of a Parallel or Map sees what fails within, unless it is caught there', async () => {
    const inner = {
      StartAt: 'Call',
      States: { Call: task({ Catch: [{ ErrorEquals: ['A'], Next: 'In' }] }), In: { Type: 'Succeed', Output: 'in' } },
    };
    const states = {
      Each: {
        Type: 'Map',
        Items: [1],
        ItemProcessor: inner,
        Catch: [{ ErrorEquals: ['States.ALL'], Output: 'out', Next: 'Out' }],
        ...end,
      },
      Out: { Type: 'Succeed' },
    };
    expect(await runStates(states, {}, { perform: failing('A') })).toMatchObject({ output: ['in'] });
    expect(await runStates(states, {}, { perform: failing('B') })).toMatchObject({ output: 'out' });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html, TimeoutSeconds */
describe('a Task that takes longer than TimeoutSeconds', () => {
  const taking = (seconds: number) => {
    const clock = virtualClock();
    return { clock, perform: (_call: unknown, signal: AbortSignal) => clock.sleep(seconds * 1_000, signal) };
  };

  test('fails with States.Timeout', async () => {
    const state = task({ TimeoutSeconds: '{% $states.input.limit %}' });
    expect(await runStates({ Call: state }, { limit: 5 }, taking(6))).toMatchObject({
      status: 'FAILED',
      error: 'States.Timeout',
    });
    expect(await runStates({ Call: state }, { limit: 5 }, taking(4))).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('can be retried and caught', async () => {
    const states = {
      Call: task({ TimeoutSeconds: 5, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Late' }] }),
      Late: { Type: 'Succeed' },
    };
    expect(await runStates(states, {}, taking(6))).toMatchObject({ status: 'SUCCEEDED', history: ['Call', 'Late'] });
  });

  test.each([0, 1.5, '{% "5" %}'])('it cannot be %j', async (TimeoutSeconds) => {
    expect(await runStates({ Call: task({ TimeoutSeconds }) })).toMatchObject({ error: 'States.QueryEvaluationError' });
  });
});
