import '../unit/support/quiet.ts';
import { deadLetterQueues } from '../../resolvers/rules/dead-letters.ts';
import { Aws } from '../unit/support/aws.ts';
import { forgetRedrives, putLease, type Row } from '../unit/support/redrives.ts';
import { redriveArn, redriveWorkflow, run, startedIn } from './redrives.ts';

describe('redrive-watch', () => {
  const workflow = redriveWorkflow('redrive-watch');
  let aws: Aws;

  beforeAll(async () => {
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(async () => {
    aws.reset();
    await forgetRedrives();
  });

  const past = (): number => Date.now() - 1000;

  test('starts an execution for each lease that has run out, of whichever queue, with its generation', async () => {
    for (const queue of deadLetterQueues)
      await putLease(queue, { holder: `redrive-of-${queue}`, generation: 3, until: past() });
    expect(await run(workflow, aws, {})).toMatchObject({ status: 'SUCCEEDED' });
    const expected = deadLetterQueues.map((queue) => ({
      arn: redriveArn,
      input: { redriveId: `redrive-of-${queue}`, queue, generation: 3 },
    }));
    const byQueue = (a: { input: Row }, b: { input: Row }): number =>
      String(a.input['queue']).localeCompare(String(b.input['queue']));
    expect(startedIn(aws).sort(byQueue)).toEqual(expected.sort(byQueue));
    expect(JSON.stringify(aws.inputs('BatchGetItem'))).toContain('"ConsistentRead":true');
  });

  test.each<[string, Row | undefined]>([
    ['there is no lease', undefined],
    ['it was given back', { generation: 3, until: 1 }],
    ['it has not run out', { holder: 'somebody', generation: 3, until: Date.now() + 60_000 }],
  ])('starts nothing when %s', async (_when, lease) => {
    if (lease) await putLease('fifo', lease);
    expect(await run(workflow, aws, {})).toMatchObject({ status: 'SUCCEEDED' });
    expect(startedIn(aws)).toEqual([]);
  });

  test('starts one that runs out alone', async () => {
    await putLease('fifo', { holder: 'one', generation: 0, until: past() });
    await run(workflow, aws, {});
    expect(startedIn(aws).map(({ input }) => input)).toEqual([{ redriveId: 'one', queue: 'fifo', generation: 0 }]);
  });

  test('starts the others when one cannot be started, and fails for whoever watches it', async () => {
    for (const queue of ['fifo', 'standard']) await putLease(queue, { holder: queue, generation: 0, until: past() });
    aws.fail(
      'StartExecution',
      { error: 'ThrottlingException' },
      {
        applies: (input) => String(input['input']).includes('"queue":"fifo"'),
      },
    );
    expect(await run(workflow, aws, {})).toMatchObject({ status: 'FAILED', error: 'NotAllStarted' });
    expect(startedIn(aws).map(({ input }) => input['queue'])).toContain('standard');
  });

  test('reads and starts again what failed', async () => {
    await putLease('fifo', { holder: 'one', generation: 0, until: past() });
    aws.fail('BatchGetItem', { error: 'InternalServerError', status: 500 }, { times: 2 });
    aws.fail('StartExecution', { error: 'ThrottlingException' }, { times: 2 });
    expect(await run(workflow, aws, {})).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('went through every state there is', () => {
    expect([...workflow.visited].sort()).toEqual([...workflow.states].sort());
  });
});
