import { virtualClock } from '../../setup/virtual-clock.ts';
import type { SdkCall } from '../../setup/run-definition.ts';
import { runStates } from './runs.ts';

const end = { End: true };

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html */
describe('Pass', () => {
  test('hands on its input, or its Output', async () => {
    expect(await runStates({ A: { Type: 'Pass', ...end } }, { a: 1 })).toMatchObject({
      output: { a: 1 },
      history: ['A'],
    });
    expect(await runStates({ A: { Type: 'Pass', Output: 2, ...end } }, { a: 1 })).toMatchObject({ output: 2 });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html */
describe('Choice', () => {
  const states = {
    Choose: {
      Type: 'Choice',
      Choices: [
        { Condition: '{% $states.input.n > 10 %}', Output: 'large', Assign: { size: 'L' }, Next: 'Say' },
        { Condition: '{% $states.input.n > 5 %}', Assign: { size: 'M' }, Next: 'Say' },
      ],
      Default: 'Say',
      Output: 'none',
      Assign: { size: 'S' },
    },
    Say: { Type: 'Pass', Output: { input: '{% $states.input %}', size: '{% $size %}' }, ...end },
  };

  test.each([
    ['the first that holds, with its own Output and Assign', 11, { input: 'large', size: 'L' }],
    ['a later one, whose input goes on without an Output', 6, { input: { n: 6 }, size: 'M' }],
    ['the default, with those of the state', 1, { input: 'none', size: 'S' }],
  ])('takes %s', async (_which, n, output) => {
    expect(await runStates(states, { n })).toMatchObject({ output });
  });

  const only = (Condition: unknown): Record<string, object> => ({
    Choose: { Type: 'Choice', Choices: [{ Condition, Next: 'Say' }] },
    Say: { Type: 'Succeed' },
  });

  test('fails without a match and a default', async () => {
    expect(await runStates(only('{% false %}'))).toMatchObject({ status: 'FAILED', error: 'States.NoChoiceMatched' });
  });

  test('takes true and false as conditions, and nothing else', async () => {
    expect(await runStates(only(true))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await runStates(only("{% 'yes' %}"))).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining(`Expected 'boolean', but was 'string' for value: "yes"`) as string,
    });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html */
describe('Wait', () => {
  async function sleptIn(more: object, input = {}): Promise<readonly number[]> {
    const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
    const result = await runStates({ Wait: { Type: 'Wait', ...more, ...end } }, input, { clock });
    expect(result.status).toBe('SUCCEEDED');
    return clock.slept;
  }

  test('sleeps for seconds, or until a time', async () => {
    expect(await sleptIn({ Seconds: 7 })).toEqual([7_000]);
    expect(await sleptIn({ Seconds: '{% $states.input.s * 2 %}' }, { s: 4 })).toEqual([8_000]);
    expect(await sleptIn({ Timestamp: '2026-01-01T00:00:30Z' })).toEqual([30_000]);
    expect(await sleptIn({ Timestamp: '2026-01-01T01:00:09.500+01:00' })).toEqual([9_500]);
    expect(await sleptIn({ Timestamp: '2025-01-01T00:00:00Z' })).toEqual([0]);
  });

  test.each([
    { Seconds: -1 },
    { Seconds: 1.5 },
    { Seconds: '{% "3" %}' },
    { Timestamp: '2026-01-01' },
    { Timestamp: '{% 5 %}' },
  ])('fails for %j', async (more) => {
    const result = await runStates({ Wait: { Type: 'Wait', ...more, ...end } });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html and .../state-fail.html */
describe('Succeed and Fail', () => {
  test('end the execution', async () => {
    expect(await runStates({ Done: { Type: 'Succeed', Output: '{% $states.input.a %}' } }, { a: 1 })).toMatchObject({
      output: 1,
    });
    const failing = { Type: 'Fail', Error: "{% 'Too' & 'Late' %}", Cause: '{% $states.input.why %}' };
    expect(await runStates({ Bad: failing }, { why: 'because' })).toMatchObject({
      ...{ status: 'FAILED', error: 'TooLate', cause: 'because', history: ['Bad'] },
    });
  });

  test('Error and Cause are texts', async () => {
    expect(await runStates({ Bad: { Type: 'Fail', Error: '{% 1 %}' } })).toMatchObject({
      error: 'States.QueryEvaluationError',
    });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html */
describe('Task', () => {
  test('calls with its Arguments, and hands on the result or its Output', async () => {
    const calls: SdkCall[] = [];
    const states = {
      Get: {
        ...{ Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:dynamodb:getItem' },
        Arguments: { TableName: 'T', Key: { id: { S: '{% $states.input.id %}' } } },
        Next: 'Send',
      },
      Send: {
        ...{ Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:sqs:sendMessage' },
        Arguments: '{% $merge([{"QueueUrl": "url"}, {"MessageBody": $states.input.Item.text.S}]) %}',
        Output: '{% $states.input.Item.text.S & $states.result.MessageId %}',
        ...end,
      },
    };
    const result = await runStates(
      states,
      { id: 'a' },
      {
        perform(call) {
          calls.push(call);
          return call.service === 'sqs' ? { MessageId: '-1' } : { Item: { text: { S: 'hello' } } };
        },
      },
    );
    expect(calls).toEqual([
      { service: 'dynamodb', action: 'getItem', parameters: { TableName: 'T', Key: { id: { S: 'a' } } } },
      { service: 'sqs', action: 'sendMessage', parameters: { QueueUrl: 'url', MessageBody: 'hello' } },
    ]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: 'hello-1', history: ['Get', 'Send'] });
  });

  test('without Arguments it calls with its input', async () => {
    const task = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', ...end };
    const result = await runStates(
      { Call: task },
      { FunctionName: 'f' },
      { perform: ({ parameters }) => ({ parameters }) },
    );
    expect(result).toMatchObject({ output: { parameters: { FunctionName: 'f' } } });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html */
describe('Parallel', () => {
  const branch = (name: string, state: object): object => ({ StartAt: name, States: { [name]: state } });

  test('runs branches at the same time, with the same input, and lists their outputs in order', async () => {
    const clock = virtualClock();
    const states = {
      Both: {
        Type: 'Parallel',
        Arguments: { n: '{% $states.input.n + 1 %}' },
        Branches: [
          {
            StartAt: 'Slow',
            States: { Slow: { Type: 'Wait', Seconds: 9, Next: 'A' }, A: { Type: 'Pass', Output: 'slow', ...end } },
          },
          branch('Fast', { Type: 'Pass', Output: '{% $states.input.n %}', ...end }),
        ],
        Output: '{% $states.result %}',
        ...end,
      },
    };
    const result = await runStates(states, { n: 1 }, { clock });
    expect(result).toMatchObject({ output: ['slow', 2], history: ['Both', 'Slow', 'Fast', 'A'] });
  });

  test('fails with the error of the branch that fails, and ends the others', async () => {
    const states = {
      Both: {
        Type: 'Parallel',
        Branches: [
          {
            StartAt: 'Slow',
            States: { Slow: { Type: 'Wait', Seconds: 100, Next: 'Never' }, Never: { Type: 'Pass', ...end } },
          },
          branch('Bad', { Type: 'Fail', Error: 'Broken', Cause: 'why' }),
        ],
        Catch: [{ ErrorEquals: ['Broken'], Next: 'Caught' }],
        ...end,
      },
      Caught: { Type: 'Succeed' },
    };
    expect(await runStates(states)).toMatchObject({
      output: { Error: 'Broken', Cause: 'why' },
      history: ['Both', 'Slow', 'Bad', 'Caught'],
    });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html */
describe('Map', () => {
  const map = (more: object, state: object = { Type: 'Pass', ...end }): Record<string, object> => ({
    Each: {
      Type: 'Map',
      Items: '{% $states.input %}',
      ItemProcessor: { StartAt: 'In', States: { In: state } },
      ...more,
      ...end,
    },
  });

  test('gives each item to its states, and lists the outputs in the order of the items', async () => {
    const delays = map(
      { ItemSelector: { wait: '{% $states.context.Map.Item.Value %}', at: '{% $states.context.Map.Item.Index %}' } },
      {
        Type: 'Wait',
        Seconds: '{% $states.input.wait %}',
        Output: '{% $states.input.at %}',
        ...end,
      },
    );
    const clock = virtualClock();
    expect(await runStates(delays, [5, 1, 3], { clock })).toMatchObject({ output: [0, 1, 2] });
    expect(clock.slept).toEqual([5_000, 1_000, 3_000]);
  });

  test('takes the input as items without Items, and nothing for none', async () => {
    const items = map({ Items: undefined }, { Type: 'Pass', Output: '{% $states.input * 2 %}', ...end });
    expect(await runStates(items, [1, 2])).toMatchObject({ output: [2, 4] });
    expect(await runStates(items, [])).toMatchObject({ status: 'SUCCEEDED', output: [] });
  });

  test('needs an array', async () => {
    expect(await runStates(map({}), { a: 1 })).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining("The field 'Items' expects an array") as string,
    });
  });

  test.each([
    ['as many as MaxConcurrency says', 3, 10, 3],
    ['one after the other', 1, 5, 1],
    ['40 without a limit', 0, 60, 40],
    ['40 with a higher one', 100, 60, 40],
  ])('runs at the same time %s', async (_what, MaxConcurrency, count, most) => {
    let [running, peak] = [0, 0];
    const task = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: {}, ...end };
    const result = await runStates(map({ MaxConcurrency }, task), Array(count).fill(0), {
      async perform() {
        running++;
        peak = Math.max(peak, running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      },
    });
    expect(result.status).toBe('SUCCEEDED');
    expect(peak).toBe(most);
  });

  test('fails with the first error, and begins no more items', async () => {
    const begun: unknown[] = [];
    const task = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { n: '{% $states.input %}' },
      ...end,
    };
    const result = await runStates(map({ MaxConcurrency: 1 }, task), [1, 2, 3], {
      perform({ parameters }) {
        begun.push(parameters['n']);
        if (parameters['n'] === 2) throw new Error('no failure of Step Functions');
      },
    });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(begun).toEqual([1, 2]);
  });

  test('a Map within a Map has items of its own', async () => {
    const inner = {
      ...{ Type: 'Map', Items: '{% $states.input.list %}', ...end },
      ItemSelector: "{% $states.context.Map.Item.Value & '@' & $states.context.Map.Item.Index %}",
      ItemProcessor: { StartAt: 'Deep', States: { Deep: { Type: 'Pass', ...end } } },
    };
    const outer = map({ ItemSelector: { list: '{% $states.context.Map.Item.Value %}' } }, inner);
    expect(await runStates(outer, [['a', 'b'], ['c']])).toMatchObject({ output: [['a@0', 'b@1'], ['c@0']] });
  });
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html */
test('the context object', async () => {
  const clock = virtualClock(Date.parse('2026-01-02T03:04:05.678Z'));
  const task = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: {},
    Output: '{% $states.context %}',
    ...end,
  };
  const result = await runStates(
    { Wait: { Type: 'Wait', Seconds: 10, Next: 'Look' }, Look: task },
    { a: 1 },
    { clock, name: 'run-1' },
  );
  expect(result).toMatchObject({
    output: {
      Execution: {
        Id: 'arn:aws:states:us-east-1:000000000000:express:test:run-1:run',
        Name: 'run-1',
        Input: { a: 1 },
        RoleArn: 'arn:aws:iam::000000000000:role/test',
        StartTime: '2026-01-02T03:04:05.678Z',
        RedriveCount: 0,
      },
      State: { Name: 'Look', EnteredTime: '2026-01-02T03:04:15.678Z', RetryCount: 0 },
      StateMachine: { Id: 'arn:aws:states:us-east-1:000000000000:stateMachine:test', Name: 'test' },
    },
  });
});
