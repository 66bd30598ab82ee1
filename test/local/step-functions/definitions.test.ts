import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkThoroughly } from '../../../local/step-functions/definition/check-thoroughly.ts';

const folder = join(import.meta.dirname, '../../../workflows');
const files = readdirSync(folder).filter((file) => file.endsWith('.asl.json'));

/** With every placeholder replaced by its own name. */
function definitionIn(file: string): Parameters<typeof checkThoroughly>[0] {
  const text = readFileSync(join(folder, file), 'utf8');
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  return { name: file, text, substitutions: Object.fromEntries(names.map((name) => [name, name])) };
}

test.each(files)('Step Functions would take %s', async (file) => {
  await expect(checkThoroughly(definitionIn(file))).resolves.toBeUndefined();
});

describe('what only a thorough check finds', () => {
  const task = (Resource: string, Arguments?: unknown): object => ({
    QueryLanguage: 'JSONata',
    StartAt: 'Call',
    States: {
      Call: { Type: 'Task', Resource: `arn:aws:states:::${Resource}`, ...(Arguments ? { Arguments } : {}), End: true },
    },
  });

  test.each([
    [
      'a parameter that there is not',
      task('aws-sdk:sqs:sendMessage', { QueueUrl: 'url', MessageBody: 'text', MessageGroup: 'group' }),
      'Call: Arguments: there is no parameter MessageGroup; there are QueueUrl, MessageBody,',
    ],
    [
      'a parameter spelt as the service does rather than in PascalCase',
      task('aws-sdk:sfn:startExecution', { stateMachineArn: 'arn' }),
      'Call: Arguments: there is no parameter stateMachineArn; there are StateMachineArn,',
    ],
    [
      'an unknown parameter deep inside',
      task('aws-sdk:dynamodb:batchGetItem', { RequestItems: { Table: { Key: [] } } }),
      'Call: Arguments/RequestItems/Table: there is no parameter Key; there are Keys,',
    ],
    [
      'a parameter that is missing',
      task('aws-sdk:dynamodb:getItem', { TableName: 'Table' }),
      'Call: Arguments: getItem needs Key',
    ],
    [
      'an idempotency token that is missing',
      task('aws-sdk:dynamodb:transactWriteItems', { TransactItems: [] }),
      'Call: Arguments: transactWriteItems needs ClientRequestToken',
    ],
    ['an action that there is not', task('aws-sdk:sns:publishIt', {}), 'Call: aws-sdk:sns has no action publishIt'],
    ['no Arguments', task('aws-sdk:sns:publish'), 'Call: an SDK integration needs Arguments, be they {}'],
  ])('%s', async (_what, definition, problem) => {
    const checking = checkThoroughly({ name: 'test', text: JSON.stringify(definition), substitutions: {} });
    await expect(checking).rejects.toThrow(problem);
  });
});

test('values that asl-validator does not know are none of its business', async () => {
  const pass = (Output: unknown, Next: string): object => ({ Type: 'Pass', Output, Assign: { text: '' }, Next });
  const definition = {
    QueryLanguage: 'JSONata',
    StartAt: 'A',
    States: {
      A: pass('', 'B'),
      B: pass([1, ''], 'C'),
      C: pass(null, 'D'),
      D: pass('{% 1\n+ 1 %}', 'E'),
      E: { Type: 'Succeed' },
    },
  };
  const checking = checkThoroughly({ name: 'test', text: JSON.stringify(definition), substitutions: {} });
  await expect(checking).resolves.toBeUndefined();
});

test('what asl-validator finds is refused', async () => {
  const definition = { QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Pass', Comment: 5, End: true } } };
  const checking = checkThoroughly({ name: 'test', text: JSON.stringify(definition), substitutions: {} });
  await expect(checking).rejects.toThrow('SCHEMA_VALIDATION_FAILED: /States/A/Comment');
});
