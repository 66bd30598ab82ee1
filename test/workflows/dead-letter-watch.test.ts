import '../unit/support/quiet.ts';
import type { ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import { deadLetterQueues } from '../../resolvers/rules/dead-letters.ts';
import { Workflow } from '../setup/workflow.ts';
import { Aws } from '../unit/support/aws.ts';
import { table } from '../unit/support/tables.ts';
import { run } from './redrives.ts';

interface Told {
  Namespace: string;
  MetricData: { MetricName: string; Dimensions: { Name: string; Value: string }[]; Unit: string; Value: number }[];
}

describe('dead-letter-watch', () => {
  const workflow = new Workflow('dead-letter-watch', {
    DeadLettersTable: 'dead_letters_table',
    MetricNamespace: 'Service',
    StackName: 'the-stack',
  });
  let aws: Aws;

  beforeAll(async () => (aws = await Aws.start()));
  afterAll(() => aws.stop());
  beforeEach(async () => {
    aws.reset();
    for (const queue of deadLetterQueues) await table('DEAD_LETTERS_TABLE').delete({ queue, arrival: '#waiting' });
    aws.reset();
  });

  const watch = (): Promise<ExecutionResult> => run(workflow, aws, {});
  const count = (queue: string, waiting: number): Promise<unknown> =>
    table('DEAD_LETTERS_TABLE').put({ queue, arrival: '#waiting', waiting });
  const told = (): Record<string, number>[] =>
    aws
      .inputs<Told>('PutMetricData')
      .map(({ MetricData }) =>
        Object.fromEntries(MetricData.map(({ Dimensions, Value }) => [Dimensions.at(-1)?.Value ?? '', Value])),
      );

  test('tells of each queue how many letters wait, and nothing of one that never had any but that none does', async () => {
    await count('fifo', 12);
    await count('permission-stream', 1);
    await count('standard', 0);
    expect(await watch()).toMatchObject({ status: 'SUCCEEDED' });
    expect(told()).toEqual([{ standard: 0, fifo: 12, 'delivery-retry': 0, 'fan-out': 0, 'permission-stream': 1 }]);
    expect(Object.keys(told()[0] ?? {})).toEqual(deadLetterQueues);
    expect(JSON.stringify(aws.inputs('BatchGetItem'))).toContain('"ConsistentRead":true');
  });

  test('tells it as the metric that is watched', async () => {
    await watch();
    const [{ Namespace, MetricData: [datum] } = { Namespace: '', MetricData: [] }] = aws.inputs<Told>('PutMetricData');
    expect(Namespace).toBe('Service');
    expect(datum).toEqual({
      MetricName: 'DeadLettersWaiting',
      Dimensions: [
        { Name: 'service', Value: 'dead-letter-watch' },
        { Name: 'stack', Value: 'the-stack' },
        { Name: 'queue', Value: 'standard' },
      ],
      Unit: 'Count',
      Value: 0,
    });
  });

  test('tells nothing of what DynamoDB left out: no count is not none', async () => {
    const key = (queue: string): object => ({ queue: { S: queue }, arrival: { S: '#waiting' } });
    const left = ['fifo', 'fan-out'].map(key);
    const answer = {
      Responses: { dead_letters_table: [{ ...key('standard'), waiting: { N: '3' } }] },
      UnprocessedKeys: { dead_letters_table: { Keys: left } },
    };
    aws.fail('BatchGetItem', { answer });
    expect(await watch()).toMatchObject({ status: 'SUCCEEDED' });
    expect(told()).toEqual([{ standard: 3, 'delivery-retry': 0, 'permission-stream': 0 }]);
  });

  test('tries again what fails, and fails itself if nothing helps', async () => {
    aws.fail('BatchGetItem', { error: 'InternalServerError', status: 500 }, { times: 2 });
    aws.fail('PutMetricData', { error: 'ThrottlingException' }, { times: 2 });
    expect(await watch()).toMatchObject({ status: 'SUCCEEDED' });
    aws.fail('PutMetricData', { error: 'AccessDeniedException' });
    expect(await watch()).toMatchObject({ status: 'FAILED', error: 'CloudWatch.CloudWatchException' });
  });

  test('went through every state there is', () => {
    expect([...workflow.visited].sort()).toEqual([...workflow.states].sort());
  });
});
