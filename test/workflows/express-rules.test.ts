import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import validate from 'asl-validator';
import { Synthesized } from '../infra/synthesized.ts';

type Field = null | string | number | boolean | Field[] | { [name: string]: Field };
interface State {
  Type: string;
  Comment?: string;
  Resource?: string;
  Arguments?: Field;
  Retry?: { ErrorEquals: string[]; MaxAttempts?: number; MaxDelaySeconds?: number; JitterStrategy?: string }[];
}

const folder = join(import.meta.dirname, '../../workflows');
const suffix = '.asl.json';
const names = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));

/** Every state of a definition by its name, those within Map and Parallel included. */
function statesIn(field: Field): [string, State][] {
  if (typeof field !== 'object' || field === null) return [];
  if (Array.isArray(field)) return field.flatMap(statesIn);
  const own = field['States'] ? Object.entries(field['States'] as unknown as Record<string, State>) : [];
  return [...own, ...Object.values(field).flatMap(statesIn)];
}

/**
 * What Express workflows and this service ask of every definition, and asl-validator does not know.
 * https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
 */
describe('definitions of workflows', () => {
  test('there are some', () => {
    expect(names).toEqual(expect.arrayContaining(['multipart-completion', 'multipart-expiry']));
  });

  describe.each(names)('%s', (name) => {
    const text = readFileSync(join(folder, `${name}${suffix}`), 'utf8');
    const definition = JSON.parse(text) as { [name: string]: Field };
    const states = statesIn(definition);
    const tasks = states.filter(([, { Type }]) => Type === 'Task');

    test('is in the Amazon States Language', () => {
      // The validator writes into what it validates.
      expect(validate(JSON.parse(text) as object, { checkArn: true, checkPaths: true }).errors).toEqual([]);
    });

    test('speaks JSONata throughout, and says what it is for', () => {
      expect(definition['QueryLanguage']).toBe('JSONata');
      expect(states.filter(([, state]) => 'QueryLanguage' in state)).toEqual([]);
      expect(definition['Comment']).toEqual(expect.stringMatching(/\w+/));
    });

    test('waits for nothing that an Express workflow cannot wait for', () => {
      for (const [, { Resource = '' }] of tasks) {
        expect(Resource).toMatch(/^arn:aws:states:::(aws-sdk:[a-z]+:[A-Za-z]+|lambda:invoke)$/);
      }
      expect(text).not.toMatch(
        /\.sync|waitForTaskToken|\.Task\.Token|:activity:|"DISTRIBUTED"|ItemReader|ResultWriter/,
      );
    });

    test('tries every call again, a limited number of times and not all at once, or says why not', () => {
      for (const [state, { Retry, Comment = '' }] of tasks) {
        if (Retry === undefined) {
          expect({ state, Comment }).toEqual({
            state,
            Comment: expect.stringMatching(/not (tried|retried|called) again/i),
          });
          continue;
        }
        for (const { ErrorEquals, MaxAttempts, MaxDelaySeconds, JitterStrategy } of Retry) {
          if (MaxAttempts === 0) continue;
          expect({ state, ErrorEquals, JitterStrategy }).toEqual({ state, ErrorEquals, JitterStrategy: 'FULL' });
          expect(MaxAttempts).toBeLessThanOrEqual(10);
          expect(MaxDelaySeconds).toBeLessThanOrEqual(30);
        }
      }
    });

    test('takes a condition that fails for an outcome, not for something to try again', () => {
      // A transaction has one name for a condition that failed and for much else that passes.
      const conditional = tasks.filter(
        ([, { Resource = '', Arguments }]) =>
          !Resource.endsWith(':transactWriteItems') && /"ConditionExpression"/.test(JSON.stringify(Arguments)),
      );
      for (const [state, { Retry = [] }] of conditional) {
        const [first] = Retry;
        expect({ state, first }).toEqual({
          state,
          first: { ErrorEquals: ['DynamoDb.ConditionalCheckFailedException'], MaxAttempts: 0 },
        });
      }
    });

    if (name.startsWith('multipart-')) {
      test('does without functions', () => {
        for (const [, { Resource = '' }] of tasks) expect(Resource).not.toContain('lambda');
      });
    }
  });

  describe('and the stack', () => {
    const machines = new Synthesized('test').ofType('AWS::StepFunctions::StateMachine');
    const nameOf = (machineName: string): string =>
      names.find((name) => machineName.endsWith(`-${name}`)) ?? machineName;

    test('have the same workflows, all of them Express', () => {
      expect(machines.map(({ Properties }) => nameOf(Properties.StateMachineName)).sort()).toEqual([...names].sort());
      for (const { Properties } of machines) expect(Properties.StateMachineType).toBe('EXPRESS');
    });

    test.each(machines.map(({ Properties }) => [nameOf(Properties.StateMachineName), Properties] as const))(
      'name the same things in %s',
      (name, { DefinitionSubstitutions = {} }) => {
        const text = readFileSync(join(folder, `${name}${suffix}`), 'utf8');
        const placeholders = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, placeholder]) => placeholder));
        expect([...placeholders].sort()).toEqual(Object.keys(DefinitionSubstitutions as object).sort());
      },
    );
  });
});
