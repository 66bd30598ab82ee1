import { virtualClock } from '../../setup/virtual-clock.ts';
import { Failure } from '../../setup/run-definition.ts';
import { runStates } from './runs.ts';

const end = { End: true };
const task = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: {}, ...end };

/** A text whose JSON has so many bytes. */
const sized = (bytes: number): string => 'x'.repeat(bytes - 2);
const limit = 262_144;

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
describe('256 KiB of data', () => {
  const tooMuch = { status: 'FAILED', error: 'States.DataLimitExceeded' };

  test('fit as input, output and result, and not a byte more', async () => {
    const echo = { Say: { Type: 'Pass', ...end } };
    expect(await runStates(echo, sized(limit))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runStates(echo, sized(limit + 1))).toMatchObject(tooMuch);
    expect(await runStates(echo, `${'é'.repeat(limit / 2)}`)).toMatchObject(tooMuch);
    const grow = { Say: { Type: 'Pass', Output: '{% $states.input & $states.input %}', ...end } };
    expect(await runStates(grow, sized(limit / 2 + 1))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runStates(grow, sized(limit / 2 + 2))).toMatchObject(tooMuch);
  });

  test('are what a task may be called with and return, whatever its Output makes of it', async () => {
    const shrinking = { Call: { ...task, Output: {} } };
    expect(await runStates(shrinking, {}, { perform: () => sized(limit) })).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runStates(shrinking, {}, { perform: () => sized(limit + 1) })).toMatchObject(tooMuch);
    let called = false;
    const growing = { Call: { ...task, Arguments: { a: '{% $states.input %}', b: '{% $states.input %}' } } };
    const perform = (): void => {
      called = true;
    };
    expect(await runStates(growing, sized(limit / 2), { perform })).toMatchObject(tooMuch);
    expect(called).toBe(false);
  });

  test('are what the results of a Map or of branches may have together', async () => {
    const inner = {
      StartAt: 'In',
      States: { In: { Type: 'Pass', Output: '{% $states.context.Execution.Input.text %}', ...end } },
    };
    const states = { Each: { Type: 'Map', Items: [1, 2], ItemProcessor: inner, Output: {}, ...end } };
    expect(await runStates(states, { text: sized(limit / 2) })).toMatchObject(tooMuch);
    expect(await runStates(states, { text: sized(limit / 2 - 2) })).toMatchObject({ status: 'SUCCEEDED' });
  });

  /** https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html, "Limits" */
  test('are what one Assign takes, and 10 MiB what all variables of an execution', async () => {
    const assign = (Assign: object): Record<string, object> => ({ Set: { Type: 'Pass', Output: {}, Assign, ...end } });
    expect(await runStates(assign({ a: '{% $states.input %}' }), sized(limit))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runStates(assign({ a: '{% $states.input %}', b: 1 }), sized(limit))).toMatchObject(tooMuch);
    const many = Object.fromEntries(
      Array.from({ length: 41 }, (_, index) => [
        `S${index}`,
        {
          Type: 'Pass',
          Assign: { [`v${index}`]: '{% $states.input %}' },
          ...(index < 40 ? { Next: `S${index + 1}` } : end),
        },
      ]),
    );
    expect(await runStates(many, sized(limit))).toMatchObject(tooMuch);
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html */
describe('five minutes', () => {
  const waiting = (seconds: number): Record<string, object> => ({
    Wait: { Type: 'Wait', Seconds: seconds, Next: 'Done' },
    Done: { Type: 'Succeed' },
  });
  const timedOut = { status: 'TIMED_OUT', error: 'States.Timeout' };

  test('are the longest an execution takes', async () => {
    expect(await runStates(waiting(299))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runStates(waiting(301))).toMatchObject({ ...timedOut, history: ['Wait'] });
  });

  test('or less, if the machine says so', async () => {
    const machine = { TimeoutSeconds: 10 };
    expect(await runStates(waiting(9), {}, { machine })).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runStates(waiting(11), {}, { machine })).toMatchObject(timedOut);
    expect(await runStates(waiting(400), {}, { machine: { TimeoutSeconds: 1_000 } })).toMatchObject(timedOut);
  });

  test('end retries, loops and calls, and nothing catches that', async () => {
    const retried = { ...task, Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 60, MaxAttempts: 100 }] };
    const failing = (): void => {
      throw new Failure('A', 'again');
    };
    expect(await runStates({ Call: retried }, {}, { perform: failing })).toMatchObject(timedOut);
    const loop = { A: { Type: 'Wait', Seconds: 1, Next: 'B' }, B: { Type: 'Pass', Next: 'A' } };
    expect(await runStates(loop)).toMatchObject(timedOut);
    const clock = virtualClock();
    const states = {
      Call: { ...task, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
      Caught: { Type: 'Succeed' },
    };
    const perform = (_call: unknown, signal: AbortSignal): Promise<void> => clock.sleep(301_000, signal);
    expect(await runStates(states, {}, { clock, perform })).toMatchObject({ ...timedOut, history: ['Call'] });
  });
});
