import { loadDefinition, substitute } from '../../../local/step-functions/definition/load.ts';
import { loadStates } from './runs.ts';

const end = { End: true };
const pass = { Type: 'Pass', ...end };

function refusal(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
}

const refusalOf = (states: Record<string, object>, more: object = {}): string =>
  refusal(() => loadStates(states, more));
const task = (more: object): Record<string, object> => ({
  Call: { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: {}, ...end, ...more },
});

/** https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html and .../statemachine-structure.html */
describe('a definition is refused, by name, when it wants', () => {
  test.each([
    ['JSONPath', { A: pass }, { QueryLanguage: 'JSONPath' }, 'QueryLanguage: only JSONata'],
    ['no query language, which is JSONPath', { A: pass }, { QueryLanguage: undefined }, 'QueryLanguage: only JSONata'],
    ['JSONPath in one state', { A: { ...pass, QueryLanguage: 'JSONPath' } }, {}, 'QueryLanguage "JSONPath"'],
    ['a field of JSONPath', { A: { ...pass, Result: 1 } }, {}, 'A: Result belongs to JSONPath'],
    ['a field nobody knows', { A: { ...pass, Outputs: 1 } }, {}, 'A: Outputs is not a field there'],
    ['a type nobody knows', { A: { Type: 'Loop' } }, {}, 'A: Type: there is no "Loop"'],
    ['a field at the top that nobody knows', { A: pass }, { Timeout: 1 }, 'Timeout is not a field there'],
    ['another version', { A: pass }, { Version: '2.0' }, 'there is only "1.0"'],
    ['.sync', task({ Resource: 'arn:aws:states:::ecs:runTask.sync' }), {}, 'Express workflows have no .sync '],
    ['.sync:2', task({ Resource: 'arn:aws:states:::states:startExecution.sync:2' }), {}, 'have no .sync:2'],
    [
      'a task token',
      task({ Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken' }),
      {},
      'Express workflows have no .waitForTaskToken',
    ],
    [
      'an activity',
      task({ Resource: 'arn:aws:states:us-east-1:1:activity:x' }),
      {},
      'Express workflows have no activities',
    ],
    [
      'a service that is not implemented',
      task({ Resource: 'arn:aws:states:::aws-sdk:s3:getObject' }),
      {},
      'service s3 is not',
    ],
    [
      'an optimized integration that is not',
      task({ Resource: 'arn:aws:states:::sns:publish' }),
      {},
      'is not implemented',
    ],
    [
      'an action that is not in camel case',
      task({ Resource: 'arn:aws:states:::aws-sdk:sns:Publish' }),
      {},
      'camel case',
    ],
    ['a heartbeat', task({ HeartbeatSeconds: 1 }), {}, 'HeartbeatSeconds is for activities and task tokens'],
    ['credentials', task({ Credentials: {} }), {}, 'Credentials is not implemented'],
    [
      'a distributed Map',
      {
        M: {
          ...{ Type: 'Map', ...end },
          ItemProcessor: {
            ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
            StartAt: 'A',
            States: { A: pass },
          },
        },
      },
      {},
      'Express workflows have no Map of mode "DISTRIBUTED"',
    ],
    [
      'a field of distributed Map',
      { M: { Type: 'Map', ItemReader: {}, ItemProcessor: { StartAt: 'A', States: { A: pass } }, ...end } },
      {},
      'ItemReader belongs to distributed Map',
    ],
  ])('%s', (_what, states, more, problem) => {
    expect(refusalOf(states as Record<string, object>, more)).toContain(problem);
  });
});

describe('a definition is refused when', () => {
  const choice = (Choices: unknown): Record<string, object> => ({
    C: { Type: 'Choice', Choices, Default: 'A' },
    A: pass,
  });
  const map = (inner: object): Record<string, object> => ({
    M: { Type: 'Map', Items: [1], ItemProcessor: { StartAt: 'In', States: { In: inner } }, ...end },
  });

  test.each([
    ['a transition leads nowhere', { A: { Type: 'Pass', Next: 'B' } }, 'A: it leads to B, which is no state'],
    [
      'a transition leaves its flow',
      map({ Type: 'Pass', Next: 'M' }),
      'In: it leads to M, which is no state of the same flow',
    ],
    ['a Catch leads nowhere', task({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }] }), 'Call: it leads to B'],
    ['a state cannot be reached', { A: pass, B: pass }, 'B: no state leads to it'],
    ['a state neither ends nor goes on', { A: { Type: 'Pass' } }, 'A: expected either Next or "End": true'],
    ['a state both ends and goes on', { A: { ...pass, Next: 'A' } }, 'A: expected either Next or "End": true'],
    [
      'two states have one name',
      { A: { ...map({}), ...map({ ...pass })['M'], Next: 'In', End: undefined }, In: pass },
      'In: two states',
    ],
    [
      'a wait has two ends',
      { W: { Type: 'Wait', Seconds: 1, Timestamp: 'x', ...end } },
      'W: expected either Seconds or',
    ],
    ['a choice has no condition', choice([{ Next: 'A' }]), 'Choices[0]/Condition is missing'],
    ['there is nothing to choose from', choice([]), 'C: Choices: expected a list of objects'],
    [
      'States.ALL has company',
      task({ Retry: [{ ErrorEquals: ['States.ALL', 'A'] }] }),
      'Retry[0]: ErrorEquals: States.ALL stands alone',
    ],
    [
      'States.ALL is not the last',
      task({ Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }] }),
      'Retry: States.ALL belongs into the last entry',
    ],
    [
      'a retry has an unknown field',
      task({ Retry: [{ ErrorEquals: ['A'], Attempts: 3 }] }),
      'Retry[0]: Attempts is not a field',
    ],
    [
      'an interval is no time',
      task({ Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 0 }] }),
      'IntervalSeconds: expected a number',
    ],
    [
      'a backoff shrinks',
      task({ Retry: [{ ErrorEquals: ['A'], BackoffRate: 0.5 }] }),
      'BackoffRate: expected a number from 1',
    ],
    [
      'a cap is below the interval',
      task({ Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 5, MaxDelaySeconds: 5 }] }),
      'MaxDelaySeconds: expected more than IntervalSeconds',
    ],
    ['a jitter is unknown', task({ Retry: [{ ErrorEquals: ['A'], JitterStrategy: 'HALF' }] }), 'expected FULL or NONE'],
    [
      'attempts are no whole number',
      task({ Retry: [{ ErrorEquals: ['A'], MaxAttempts: 1.5 }] }),
      'expected a whole number',
    ],
    [
      'an inner scope assigns an outer variable',
      { ...{ K: { Type: 'Pass', Assign: { v: 1 }, Next: 'M' } }, ...map({ ...pass, Assign: { v: 2 } }) },
      '$v belongs to an outer scope',
    ],
    ['a variable is called states', { A: { ...pass, Assign: { states: 1 } } }, 'the variable $states is reserved'],
    ['a variable has no name', { A: { ...pass, Assign: { 'a.b': 1 } } }, '$a.b is no name for a variable'],
    ['Assign is no object', { A: { ...pass, Assign: '{% {} %}' } }, 'A: Assign: expected an object'],
    ['a name is too long', { ['x'.repeat(81)]: pass }, 'at most 80 characters'],
  ])('%s', (_when, states, problem) => {
    expect(refusalOf(states as Record<string, object>)).toContain(problem);
  });

  test('it is no JSON, or no object', () => {
    expect(refusal(() => loadDefinition('test', '{'))).toContain('The definition of test is refused');
    expect(refusal(() => loadDefinition('test', '[]'))).toContain('expected a JSON object');
  });

  test('everything that is wrong is named at once', () => {
    const problems = refusalOf({ A: { Type: 'Pass', Result: 1, Next: 'B', Output: '{% $none %}' } });
    expect(problems.split('\n')).toHaveLength(4);
  });
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html */
describe('substitutions', () => {
  test('fill in placeholders', () => {
    expect(substitute('{"a":"${One}/${Two}/${One}"}', { One: '1', Two: '2' })).toBe('{"a":"1/2/1"}');
  });

  test('without a value are refused', () => {
    expect(refusal(() => loadDefinition('test', '{"Comment":"${Missing}"}'))).toContain(
      'no substitution is given for Missing',
    );
  });
});

test('what every state may have is taken', () => {
  const retry = {
    ErrorEquals: ['A'],
    IntervalSeconds: 2,
    MaxAttempts: 0,
    BackoffRate: 1.5,
    MaxDelaySeconds: 9,
    JitterStrategy: 'FULL',
    Comment: '',
  };
  const recovering = {
    Retry: [retry],
    Catch: [
      { ErrorEquals: ['States.ALL'], Next: 'Bad', Output: '{% $states.errorOutput %}', Assign: { e: 1 }, Comment: '' },
    ],
  };
  const common = { Comment: 'about', QueryLanguage: 'JSONata', Output: {}, Assign: { v: 1 } };
  const states = {
    Task: {
      Type: 'Task',
      ...common,
      ...recovering,
      Resource: 'arn:aws:states:::aws-sdk:sqs:sendMessage',
      Arguments: {},
      TimeoutSeconds: '{% 3 %}',
      Next: 'Pass',
    },
    Pass: { Type: 'Pass', ...common, Next: 'Wait' },
    Wait: { Type: 'Wait', ...common, Seconds: '{% 1 %}', Next: 'Choice' },
    Choice: {
      Type: 'Choice',
      ...common,
      Choices: [{ Condition: '{% true %}', Next: 'Map', Output: 1, Assign: { v: 2 }, Comment: '' }],
      Default: 'Parallel',
    },
    Map: {
      Type: 'Map',
      ...common,
      ...recovering,
      Items: [],
      ItemSelector: { a: '{% $states.context.Map.Item.Value %}' },
      MaxConcurrency: 2,
      ItemProcessor: {
        Comment: '',
        ProcessorConfig: { Mode: 'INLINE' },
        StartAt: 'In',
        States: { In: { Type: 'Pass', End: true } },
      },
      Next: 'Good',
    },
    Parallel: {
      Type: 'Parallel',
      ...common,
      ...recovering,
      Arguments: {},
      Branches: [{ Comment: '', StartAt: 'Branch', States: { Branch: { Type: 'Pass', End: true } } }],
      End: true,
    },
    Good: { Type: 'Succeed', Comment: '', QueryLanguage: 'JSONata', Output: '{% $states.input %}' },
    Bad: { Type: 'Fail', Comment: '', QueryLanguage: 'JSONata', Error: '{% $states.input.Error %}', Cause: 'bad' },
  };
  expect([...loadStates(states, { Comment: '', Version: '1.0', TimeoutSeconds: 60 }).states.keys()]).toEqual(
    Object.keys(states),
  );
});
