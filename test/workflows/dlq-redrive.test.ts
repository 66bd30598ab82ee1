import '../unit/support/quiet.ts';
import type { ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import { virtualClock } from '../setup/workflow.ts';
import { Aws, type Fault } from '../unit/support/aws.ts';
import { inSeconds } from '../unit/support/events.ts';
import {
  type Batch,
  cancelRedrive,
  forgetRedrives,
  leaseOf,
  putLease,
  putLetters,
  redriveRow,
  type Row,
  sentIn,
  setRedriveEnvironment,
  statusesOf,
  waitingIn,
} from '../unit/support/redrives.ts';
import { provideBatch, redriveArn, redriveWorkflow, run, startedIn, waitingRedrive } from './redrives.ts';

describe('dlq-redrive', () => {
  const workflow = redriveWorkflow('dlq-redrive');
  const shortLived = redriveWorkflow('dlq-redrive', 0);
  let aws: Aws;

  beforeAll(async () => {
    setRedriveEnvironment();
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(async () => {
    aws.reset();
    provideBatch(aws);
    await forgetRedrives();
  });

  const carryOn = (batch: object): Promise<ExecutionResult> => run(workflow, aws, batch);
  const batches = (): number => aws.actions.filter((action) => action === 'Invoke').length;

  async function ended(redrive: Batch): Promise<Row> {
    const lease = await leaseOf(redrive.queue);
    expect(lease).not.toHaveProperty('holder');
    expect(lease).not.toHaveProperty('startedBy');
    return (await redriveRow(redrive)) ?? {};
  }

  test('takes its turn, goes from batch to batch, and gives the lease back at the end', async () => {
    await putLetters('standard', Array(25).fill({}));
    const redrive = await waitingRedrive('standard');
    aws.calls.length = 0;
    expect(await carryOn(redrive)).toMatchObject({
      status: 'SUCCEEDED',
      output: { redriveId: redrive.redriveId, status: 'completed', error: '' },
    });
    expect(batches()).toBe(3);
    expect(sentIn(aws)).toHaveLength(25);
    const row = await ended(redrive);
    expect(row).toMatchObject({
      status: 'completed',
      redriven: 25,
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      expiresAt: expect.closeTo(inSeconds(30 * 86_400), -2),
    });
    expect(row).not.toHaveProperty('error');
    expect(await leaseOf('standard')).toMatchObject({ generation: 1 });
  });

  test('has the lease from when it takes its turn', async () => {
    const redrive = await waitingRedrive('standard');
    let until = 0;
    const look = async (): Promise<void> => {
      until = Number((await leaseOf('standard'))?.['until']);
    };
    aws.fail('Invoke', { meanwhile: look }, { times: 1 });
    await carryOn(redrive);
    expect(until).toBeGreaterThan(Date.now() + 50_000);
  });

  test.each([
    ['another execution has taken it', { generation: 1 }],
    ['another redrive has it', { holder: 'another', generation: 0 }],
    ['nobody has it', { holder: undefined, generation: 0 }],
  ])('ends without a word when %s', async (_when, lease) => {
    const redrive = await waitingRedrive('standard');
    await putLease('standard', { holder: redrive.redriveId, ...lease });
    expect(await carryOn(redrive)).toMatchObject({ status: 'SUCCEEDED' });
    expect(batches()).toBe(0);
    expect(await redriveRow(redrive)).toMatchObject({ status: 'running' });
  });

  test('started twice, one of them goes on', async () => {
    await putLetters('standard', Array(12).fill({}));
    const redrive = await waitingRedrive('standard');
    await Promise.all([carryOn(redrive), carryOn(redrive), carryOn(redrive)]);
    expect(await ended(redrive)).toMatchObject({ status: 'completed', redriven: 12 });
    expect(sentIn(aws)).toHaveLength(12);
  });

  test('that loses the lease on its way ends and leaves the rest to the other', async () => {
    await putLetters('standard', Array(25).fill({}));
    const redrive = await waitingRedrive('standard');
    const other = { holder: redrive.redriveId, generation: 2 };
    let calls = 0;
    aws.fail('Invoke', { meanwhile: () => putLease('standard', other) }, { applies: () => (calls += 1) === 2 });
    expect(await carryOn(redrive)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await redriveRow(redrive)).toMatchObject({ status: 'running', redriven: 10 });
    expect(await leaseOf('standard')).toMatchObject(other);
  });

  test('keeps to the rate, in whole seconds', async () => {
    await putLetters('standard', Array(12).fill({}));
    const redrive = await waitingRedrive('standard', { maxPerSecond: 4 });
    const clock = virtualClock();
    await run(workflow, aws, redrive, { clock });
    expect(clock.slept).toEqual([1000, 1000, 1000]);
    expect(await ended(redrive)).toMatchObject({ redriven: 12 });
  });

  test('hands over to a successor of the next generation when it has lived long enough', async () => {
    await putLetters('standard', Array(25).fill({}));
    const redrive = await waitingRedrive('standard');
    let input: object = redrive;
    for (let generation = 1; generation <= 3; generation += 1) {
      aws.calls.length = 0;
      expect(await run(shortLived, aws, input)).toMatchObject({ status: 'SUCCEEDED' });
      const [successor] = startedIn(aws);
      if (generation === 3) expect(successor).toBeUndefined();
      else expect(successor).toEqual({ arn: redriveArn, input: { ...redrive, generation } });
      input = successor?.input ?? {};
    }
    expect(await ended(redrive)).toMatchObject({ status: 'completed', redriven: 25 });
  });

  test('that cannot start a successor leaves it to redrive-watch', async () => {
    await putLetters('standard', Array(12).fill({}));
    const redrive = await waitingRedrive('standard');
    aws.fail('StartExecution', { error: 'InternalServerError', status: 500 });
    expect(await run(shortLived, aws, redrive)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await leaseOf('standard')).toMatchObject({ holder: redrive.redriveId, generation: 1 });
    expect(await redriveRow(redrive)).toMatchObject({ status: 'running', redriven: 10 });
  });

  test('that is cancelled takes no more letters, and says so', async () => {
    await putLetters('standard', Array(25).fill({}));
    const redrive = await waitingRedrive('standard');
    let calls = 0;
    aws.fail('Invoke', { meanwhile: () => cancelRedrive(redrive) }, { applies: () => (calls += 1) === 2 });
    expect(await carryOn(redrive)).toMatchObject({ output: { status: 'cancelled' } });
    expect(await ended(redrive)).toMatchObject({ status: 'cancelled', redriven: 10 });
    expect(await waitingIn('standard')).toBe(15);
  });

  describe('whose batches fail', () => {
    test('tries again, with growing pauses, and comes to the end', async () => {
      await putLetters('standard', Array(25).fill({}));
      const redrive = await waitingRedrive('standard');
      aws.fail('SendMessageBatch', { error: 'AccessDeniedException' }, { times: 3 });
      const clock = virtualClock();
      expect(await run(workflow, aws, redrive, { clock, random: () => 1 })).toMatchObject({
        output: { status: 'completed' },
      });
      expect(clock.slept).toEqual([1000, 2000, 4000]);
      expect(await ended(redrive)).toMatchObject({ redriven: 25, examined: 25 });
    });

    test('again and again ends as failed, with the error’s name; the next redrive takes up what it had in hand', async () => {
      await putLetters('standard', Array(12).fill({}));
      const redrive = await waitingRedrive('standard');
      aws.fail('SendMessageBatch', { error: 'AccessDeniedException' });
      expect(await carryOn(redrive)).toMatchObject({
        status: 'FAILED',
        error: 'RedriveFailed',
        cause: JSON.stringify({ redriveId: redrive.redriveId, status: 'failed', error: 'AccessDeniedException' }),
      });
      expect(batches()).toBe(6);
      expect(await ended(redrive)).toMatchObject({
        status: 'failed',
        error: 'AccessDeniedException',
        redriven: 0,
        examined: 10,
      });
      expect(await waitingIn('standard')).toBe(12);
      aws.reset();
      const next = await waitingRedrive('standard');
      await carryOn(next);
      expect(await ended(next)).toMatchObject({ status: 'completed', examined: 12, redriven: 12 });
    });

    test('for what was ordered ends at once', async () => {
      const redrive = await waitingRedrive('standard', { filter: '{"chat":"x"}' });
      expect(await carryOn(redrive)).toMatchObject({
        error: 'RedriveFailed',
        cause: expect.stringContaining('"error":"InvalidInput"'),
      });
      expect(batches()).toBe(1);
      expect(await ended(redrive)).toMatchObject({ status: 'failed', error: 'InvalidInput' });
    });
  });

  test('that failed is over: an execution that is started again does nothing, and does not fail', async () => {
    await putLetters('standard', Array(3).fill({}));
    const redrive = await waitingRedrive('standard');
    aws.fail('SendMessageBatch', { error: 'AccessDeniedException' });
    expect(await carryOn(redrive)).toMatchObject({ status: 'FAILED' });
    const [row, lease] = [await redriveRow(redrive), await leaseOf('standard')];
    aws.reset();
    for (const generation of [0, 1]) {
      expect(await carryOn({ ...redrive, generation })).toMatchObject({ status: 'SUCCEEDED' });
    }
    expect([await redriveRow(redrive), await leaseOf('standard')]).toEqual([row, lease]);
    expect(sentIn(aws)).toEqual([]);
  });

  test('that cannot give the lease back fails, and keeps it until it runs out', async () => {
    const redrive = await waitingRedrive('standard');
    const isClose = (input: Row): boolean => JSON.stringify(input).includes('REMOVE holder');
    aws.fail('TransactWriteItems', { error: 'InternalServerError', status: 500 }, { applies: isClose });
    expect(await carryOn(redrive)).toMatchObject({ status: 'FAILED', error: 'DynamoDb.InternalServerErrorException' });
    expect(await leaseOf('standard')).toMatchObject({ holder: redrive.redriveId });
    aws.reset();
    await carryOn({ ...redrive, generation: 1 });
    expect(await ended(redrive)).toMatchObject({ status: 'completed' });
  });

  test('whose end somebody else writes at the same moment lets them', async () => {
    const redrive = await waitingRedrive('standard');
    const isClose = (input: Row): boolean => JSON.stringify(input).includes('REMOVE holder');
    const other = { meanwhile: () => putLease('standard', { holder: redrive.redriveId, generation: 9 }) };
    aws.fail('TransactWriteItems', other, { times: 1, applies: isClose });
    expect(await carryOn(redrive)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await redriveRow(redrive)).toMatchObject({ status: 'running' });
  });

  describe('one failing call, whichever it is', () => {
    const faults: [string, Fault][] = [
      ['fails inside', { error: 'InternalServerError', status: 500 }],
      ['is throttled', { error: 'ThrottlingException' }],
      ['takes effect unheard', { dropReply: true }],
      ['conflicts', { cancellation: ['TransactionConflict'] }],
    ];

    async function redriveAll(fault?: { at: number; kind: Fault }): Promise<Batch> {
      aws.reset();
      await forgetRedrives();
      await putLetters('fifo', Array(12).fill({}));
      const redrive = await waitingRedrive('fifo');
      aws.calls.length = 0;
      let calls = 0;
      if (fault) aws.fail('*', fault.kind, { applies: () => (calls += 1) === fault.at + 1 });
      expect(await carryOn(redrive)).toMatchObject({ status: 'SUCCEEDED' });
      return redrive;
    }

    test.each(faults)(
      'each call of the workflow and its batches in turn %s: all is well in the end',
      async (_how, kind) => {
        await redriveAll();
        const calls = aws.calls.length;
        expect(calls).toBeGreaterThan(10);
        for (let at = 0; at < calls; at += 1) {
          const redrive = await redriveAll({ at, kind });
          const row = await ended(redrive);
          expect({ at, ...row }).toMatchObject({
            at,
            status: 'completed',
            examined: 12,
            matched: 12,
            redriven: 12,
            failed: 0,
          });
          expect(new Set(sentIn(aws).map(({ MessageDeduplicationId }) => MessageDeduplicationId)).size).toBe(12);
          expect((await statusesOf('fifo')).every((each) => each.endsWith('redriven'))).toBe(true);
          expect(await waitingIn('fifo')).toBe(0);
        }
      },
      120_000,
    );
  });

  test('went through every state there is', () => {
    expect([...new Set([...workflow.visited, ...shortLived.visited])].sort()).toEqual([...workflow.states].sort());
  });
});
