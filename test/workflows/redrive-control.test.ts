import '../unit/support/quiet.ts';
import type { ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import { Aws, type Fault } from '../unit/support/aws.ts';
import {
  forgetRedrives,
  leaseOf,
  noCounts,
  putLease,
  putLetters,
  putRedrive,
  redriveRow,
  type Row,
  setRedriveEnvironment,
} from '../unit/support/redrives.ts';
import { table } from '../unit/support/tables.ts';
import { order, provideBatch, redriveArn, redriveWorkflow, run, startedIn } from './redrives.ts';

describe('redrive-control', () => {
  const workflow = redriveWorkflow('redrive-control');
  let aws: Aws;

  beforeAll(async () => {
    setRedriveEnvironment();
    aws = await Aws.start();
    provideBatch(aws);
  });
  afterAll(() => aws.stop());
  beforeEach(async () => {
    aws.reset();
    await forgetRedrives();
  });

  const control = (input: object): Promise<ExecutionResult> => run(workflow, aws, input);
  const start = (redrive: Row): Promise<ExecutionResult> => control({ action: 'start', redrive });
  const cancellation = { by: 'olga', reason: 'enough', at: '2026-03-01T12:01:00.000Z' };
  const cancel = (redriveId: string): Promise<ExecutionResult> =>
    control({ action: 'cancel', redriveId, ...cancellation });

  describe('start', () => {
    test('keeps what was ordered, takes the lease and starts an execution', async () => {
      const redrive = order({ maxMessages: 500, maxPerSecond: 20, includeRevokedSenders: true });
      const kept = { ...redrive, filter: '{"chatId":"bob"}', kind: 'redrive', status: 'running', step: 0, ...noCounts };
      expect(await start(redrive)).toMatchObject({ status: 'SUCCEEDED', output: kept });
      expect(await redriveRow(redrive)).toEqual(kept);
      expect(await leaseOf('fifo')).toEqual({
        redriveId: 'lock#fifo',
        holder: redrive.redriveId,
        startedBy: 'olga',
        generation: 0,
        until: expect.closeTo(Date.now() + 60_000, -5),
      });
      const { redriveId } = redrive;
      expect(startedIn(aws)).toEqual([{ arn: redriveArn, input: { redriveId, queue: 'fifo', generation: 0 } }]);
      expect(aws.actions).toEqual(['Invoke', 'TransactWriteItems', 'StartExecution']);
    });

    test('takes a filter as JSON, too, and none for all', async () => {
      for (const [queue, filter, kept] of [
        ['fifo', '{"chatId":"bob"}', '{"chatId":"bob"}'],
        ['standard', {}, '{}'],
        ['fan-out', undefined, '{}'],
      ]) {
        expect(await start(order({ queue, filter }))).toMatchObject({ output: { filter: kept } });
      }
    });

    test('tells who is at it when the queue has a redrive', async () => {
      const running = order({ startedBy: 'oscar' });
      await start(running);
      aws.calls.length = 0;
      const second = order();
      expect(await start(second)).toMatchObject({
        status: 'FAILED',
        error: 'Conflict',
        cause: `A redrive is running on fifo already: ${running.redriveId}, started by oscar.`,
      });
      expect(await redriveRow(second)).toBeUndefined();
      expect(await leaseOf('fifo')).toMatchObject({ holder: running.redriveId });
      expect(startedIn(aws)).toEqual([]);
      expect(await start(order({ queue: 'standard' }))).toMatchObject({ status: 'SUCCEEDED' });
    });

    test('of two at once lets one through', async () => {
      const results = await Promise.all([start(order()), start(order()), start(order())]);
      const ends = results.map((result) => ('error' in result ? result.error : result.status));
      expect(ends.sort()).toEqual(['Conflict', 'Conflict', 'SUCCEEDED']);
      expect(startedIn(aws)).toHaveLength(1);
    });

    test('takes over a lease that the last redrive gave back', async () => {
      await putLease('fifo', { generation: 7, until: 5 });
      expect(await start(order())).toMatchObject({ status: 'SUCCEEDED' });
      expect(await leaseOf('fifo')).toMatchObject({ generation: 0 });
    });

    test('that is asked for twice is one redrive', async () => {
      const redrive = order();
      await start(redrive);
      expect(await start(redrive)).toMatchObject({ status: 'SUCCEEDED', output: { redriveId: redrive.redriveId } });
      expect(await table('REDRIVES_TABLE').all()).toHaveLength(2);
    });

    test.each<[string, Row, string]>([
      ['a queue there is not', { queue: 'main' }, 'Invalid queue: expected one of standard'],
      ['sending stream records', { queue: 'permission-stream' }, 'Invalid mode: expected discard'],
      ['no speed', { maxPerSecond: 0 }, 'Invalid maxPerSecond'],
      ['an unknown field of the filter', { filter: { chat: 'x' } }, 'Invalid filter.chat'],
    ])('refuses %s, and writes nothing', async (_what, said, cause) => {
      const result = await start(order(said));
      expect(result).toMatchObject({ status: 'FAILED', error: 'InvalidInput', cause: expect.stringContaining(cause) });
      expect(await table('REDRIVES_TABLE').all()).toEqual([]);
      expect(aws.actions).toEqual(['Invoke']);
    });

    test('that cannot start an execution leaves it to redrive-watch', async () => {
      aws.fail('StartExecution', { error: 'InternalServerError', status: 500 });
      const redrive = order();
      expect(await start(redrive)).toMatchObject({ status: 'SUCCEEDED', output: { status: 'running' } });
      expect(await leaseOf('fifo')).toMatchObject({ holder: redrive.redriveId, generation: 0 });
    });

    test('gives up when others keep changing the same rows, and says that nothing was started', async () => {
      aws.fail('TransactWriteItems', { cancellation: ['None', 'TransactionConflict'] });
      const result = await start(order());
      expect(result).toMatchObject({ error: 'Conflict', cause: expect.stringContaining('Try again') });
      expect(await table('REDRIVES_TABLE').all()).toEqual([]);
    });
  });

  describe('cancel', () => {
    test('asks a running redrive to end, and tells how far it is', async () => {
      const redrive = await putRedrive('fifo', { examined: 5, inHand: ['A'], failedGroups: new Set(['g']) });
      expect(await cancel(redrive.redriveId)).toMatchObject({
        status: 'SUCCEEDED',
        output: {
          redriveId: redrive.redriveId,
          ...{ status: 'running', examined: 5, includeRevokedSenders: false, filter: '{}' },
          cancelRequest: cancellation,
        },
      });
      expect((await redriveRow(redrive))?.['cancelRequest']).toEqual(cancellation);
    });

    test('a second time changes nothing: the first stands', async () => {
      const { redriveId } = await putRedrive('fifo');
      await cancel(redriveId);
      const second = await control({ action: 'cancel', redriveId, by: 'oscar', reason: 'me too', at: 'later' });
      expect(second).toMatchObject({ status: 'SUCCEEDED', output: { cancelRequest: cancellation } });
    });

    test('of one that has ended is a conflict', async () => {
      const { redriveId } = await putRedrive('fifo', { status: 'completed' });
      expect(await cancel(redriveId)).toMatchObject({
        error: 'Conflict',
        cause: `The redrive ${redriveId} has ended: it is completed.`,
      });
    });

    test('of none is not found, nor is a lease', async () => {
      await putRedrive('fifo');
      for (const redriveId of ['nothing', 'lock#fifo']) {
        expect(await cancel(redriveId)).toMatchObject({
          error: 'NotFound',
          cause: `There is no redrive ${redriveId}.`,
        });
      }
    });
  });

  describe('plan', () => {
    test('gives what redrive-batch says, and writes nothing', async () => {
      await putLetters('fifo', [{}, { chatId: 'carol', senderId: 'mallory' }]);
      aws.calls.length = 0;
      const input = { queue: 'fifo', mode: 'redrive', filter: {} };
      expect(await control({ action: 'plan', input })).toMatchObject({
        status: 'SUCCEEDED',
        output: { examined: 2, matched: 2, skipped: 1, complete: true },
      });
      expect(aws.actions).toEqual(['Invoke', 'Query', 'BatchGetItem']);
    });

    test('of an order that nobody could mean is refused', async () => {
      const input = { queue: 'fifo', mode: 'resend' };
      expect(await control({ action: 'plan', input })).toMatchObject({
        error: 'InvalidInput',
        cause: expect.stringContaining('Invalid redrive.mode'),
      });
    });

    test('that fails is tried once more, unless its time is up', async () => {
      const input = { queue: 'fifo', mode: 'redrive' };
      aws.fail('Invoke', { error: 'TooManyRequestsException', status: 429 }, { times: 1 });
      expect(await control({ action: 'plan', input })).toMatchObject({ status: 'SUCCEEDED' });
      aws.reset();
      aws.fail('Invoke', { error: 'TooManyRequestsException', status: 429 });
      expect(await control({ action: 'plan', input })).toMatchObject({ status: 'FAILED' });
      expect(aws.actions).toEqual(['Invoke', 'Invoke']);
    });
  });

  test('refuses what it does not know', async () => {
    expect(await control({ action: 'restart' })).toMatchObject({
      error: 'InvalidInput',
      cause: 'Invalid action: expected plan, start or cancel',
    });
  });

  describe('one failing call, whichever it is', () => {
    const faults: [string, Fault][] = [
      ['fails inside', { error: 'InternalServerError', status: 500 }],
      ['is throttled', { error: 'ThrottlingException' }],
      ['takes effect unheard', { dropReply: true }],
    ];

    test.each(faults)('each call of a start in turn %s: one redrive is started', async (_how, fault) => {
      for (let at = 0; at < 3; at += 1) {
        aws.reset();
        await forgetRedrives();
        const redrive = order();
        let calls = 0;
        aws.fail('*', fault, { applies: () => (calls += 1) === at + 1 });
        expect(await start(redrive)).toMatchObject({ status: 'SUCCEEDED', output: { redriveId: redrive.redriveId } });
        expect(await leaseOf('fifo')).toMatchObject({ holder: redrive.redriveId });
        expect(await table('REDRIVES_TABLE').all()).toHaveLength(2);
        expect(startedIn(aws).length).toBeGreaterThanOrEqual(1);
      }
    });

    test.each(faults)('the call of a cancellation %s: it is cancelled', async (_how, fault) => {
      const { redriveId } = await putRedrive('fifo');
      aws.fail('UpdateItem', fault, { times: 1 });
      expect(await cancel(redriveId)).toMatchObject({ output: { cancelRequest: cancellation } });
    });
  });

  test('went through every state there is', () => {
    expect([...workflow.visited].sort()).toEqual([...workflow.states].sort());
  });
});
