import './support/quiet.ts';
import { ulid } from 'ulid';
import { handler } from '../../functions/redrive-batch/handler.ts';
import { Aws } from './support/aws.ts';
import { inSeconds, lambdaContext } from './support/events.ts';
import {
  type Batch,
  cancelRedrive,
  type Entry,
  forgetRedrives,
  leaseOf,
  lettersOf,
  noCounts,
  numbered,
  plan,
  putLetters,
  putRedrive,
  redriveRow,
  type Row,
  runBatch,
  runToEnd,
  sentIn,
  setRedriveEnvironment,
  sourceQueues,
  startedAt,
  statusesOf,
  waitingIn,
} from './support/redrives.ts';
import { table } from './support/tables.ts';

describe('redrive-batch', () => {
  let aws: Aws;

  beforeAll(async () => {
    setRedriveEnvironment();
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());

  beforeEach(async () => {
    aws.reset();
    await forgetRedrives();
  });

  /** Starts a redrive, and from then on calls are counted. */
  async function start(queue: string, order: Row = {}): Promise<Batch> {
    const redrive = await putRedrive(queue, order);
    aws.calls.length = 0;
    return redrive;
  }

  const sent = (): Entry[] => sentIn(aws);
  const bodies = (): string[] => sent().map(({ MessageBody }) => MessageBody);

  describe('a batch', () => {
    test('sends the oldest ten as they were, marks them before and after, and counts them', async () => {
      const arrivals = await putLetters('standard', Array(12).fill({}));
      const redrive = await start('standard');
      const counts = { examined: 10, matched: 10, redriven: 10, discarded: 0, skipped: 0, failed: 0 };
      expect(await runBatch(redrive)).toEqual({ state: 'more', waitSeconds: 0, counts });
      expect(aws.actions).toEqual([
        'BatchGetItem',
        'Query',
        'TransactWriteItems',
        'BatchGetItem',
        'SendMessageBatch',
        'TransactWriteItems',
      ]);
      expect(bodies()).toEqual(numbered(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
      expect(await redriveRow(redrive)).toMatchObject({ ...noCounts, examined: 10, matched: 10, redriven: 10 });
      expect(await waitingIn('standard')).toBe(2);
      const settled = await table('DEAD_LETTERS_TABLE').get({ queue: 'standard', arrival: arrivals[0] });
      expect(settled).toMatchObject({
        body: 'letter 1',
        status: 'redriven',
        redriveId: redrive.redriveId,
        settledAt: expect.any(String),
        expiresAt: expect.closeTo(inSeconds(30 * 86_400), -1),
      });
      expect(settled).not.toHaveProperty('waitingIn');
      expect(await runBatch(redrive)).toMatchObject({ state: 'done' });
      expect(await redriveRow(redrive)).toMatchObject({ examined: 12, redriven: 12 });
      expect(await waitingIn('standard')).toBe(0);
    });

    test('keeps body, attributes and group, and names the redrive and the letter for deduplication', async () => {
      const attributes = {
        targetChannel: { dataType: 'String', text: 'WebSocket' },
        picture: { dataType: 'Binary', binary: 'AAEC' },
      };
      const [arrival] = await putLetters('fifo', [{ attributes, groupId: 'group-7', body: '{"é": "\\ud800"}' }]);
      const redrive = await start('fifo');
      await runBatch(redrive);
      expect(aws.inputs('SendMessageBatch')).toMatchObject([{ QueueUrl: `${sourceQueues}/messages.fifo` }]);
      expect(sent()).toEqual([
        {
          Id: '0',
          MessageBody: '{"é": "\\ud800"}',
          MessageAttributes: {
            targetChannel: { DataType: 'String', StringValue: 'WebSocket' },
            picture: { DataType: 'Binary', BinaryValue: 'AAEC' },
          },
          MessageGroupId: 'group-7',
          MessageDeduplicationId: `${redrive.redriveId}.${arrival}`,
        },
      ]);
    });

    test('a group on a standard queue is kept, and says nothing of order: the others go though one is refused', async () => {
      await putLetters('standard', [
        { groupId: 'chat', body: 'a' },
        { groupId: 'chat', body: 'b' },
      ]);
      const Failed = [{ Id: '0', Code: 'InvalidMessageContents', SenderFault: true }];
      const md5OfB = '92eb5ffee6ae2fec3ad71c777531578f';
      aws.fail(
        'SendMessageBatch',
        { answer: { Successful: [{ Id: '1', MD5OfMessageBody: md5OfB }], Failed } },
        { times: 1 },
      );
      expect(await runBatch(await start('standard'))).toMatchObject({ counts: { redriven: 1, failed: 1 } });
      expect(aws.inputs('SendMessageBatch')).toHaveLength(1);
      expect(sent()).toMatchObject([
        { MessageBody: 'a', MessageGroupId: 'chat' },
        { MessageBody: 'b', MessageGroupId: 'chat' },
      ]);
    });

    test.each([
      ['standard', 'standard'],
      ['delivery-retry', 'retries'],
      ['fan-out', 'fan-out.fifo'],
    ])('of %s goes to the queue its letters came from', async (queue, source) => {
      await putLetters(queue, [{}]);
      await runBatch(await start(queue));
      expect(aws.inputs('SendMessageBatch')).toMatchObject([{ QueueUrl: `${sourceQueues}/${source}` }]);
      expect(sent()[0]).not.toHaveProperty(queue === 'fan-out' ? 'none' : 'MessageDeduplicationId');
    });

    test('of FIFO puts one letter of a group into a call, so that none can overtake another', async () => {
      await putLetters(
        'fifo',
        ['a', 'b', 'a', 'c', 'b', 'a'].map((groupId) => ({ groupId })),
      );
      await runBatch(await start('fifo'));
      const calls = aws.inputs<{ Entries: Entry[] }>('SendMessageBatch');
      expect(calls.map(({ Entries }) => Entries.map(({ MessageBody }) => MessageBody))).toEqual([
        numbered(1, 2, 4),
        numbered(3, 5),
        numbered(6),
      ]);
    });

    test('sends no more in a call than SQS takes, in order', async () => {
      const large = { body: 'x'.repeat(120_000), groupId: 'large' };
      await putLetters('standard', [large, large, large, {}]);
      await runBatch(await start('standard'));
      const calls = aws.inputs<{ Entries: Entry[] }>('SendMessageBatch');
      expect(calls.map(({ Entries }) => Entries.length)).toEqual([3, 1]);
      expect(await statusesOf('standard')).toHaveLength(4);
      expect(sent()).toHaveLength(4);
    });

    test('gives letters up in one step, without sending', async () => {
      await putLetters('permission-stream', Array(11).fill({ chatId: undefined, senderId: undefined }));
      const redrive = await start('permission-stream', { mode: 'discard' });
      expect(await runBatch(redrive)).toMatchObject({ state: 'more' });
      expect(aws.actions).toEqual(['BatchGetItem', 'Query', 'TransactWriteItems']);
      expect(await runBatch(redrive)).toMatchObject({ state: 'done' });
      expect(await redriveRow(redrive)).toMatchObject({ ...noCounts, examined: 11, matched: 11, discarded: 11 });
      expect(new Set((await statusesOf('permission-stream')).map((each) => each.split(' ')[2]))).toEqual(
        new Set(['discarded']),
      );
      expect(await waitingIn('permission-stream')).toBe(0);
    });

    test('of an empty queue is the last', async () => {
      const redrive = await start('fifo');
      expect(await runBatch(redrive)).toMatchObject({ state: 'done', waitSeconds: 0 });
      expect(await redriveRow(redrive)).toMatchObject(noCounts);
    });

    test('extends the lease with each step', async () => {
      await putLetters('standard', [{}]);
      await runBatch(await start('standard'));
      const lease = await leaseOf('standard');
      expect(lease?.['until']).toBeGreaterThan(Date.now() + 50_000);
      expect(lease?.['until']).toBeLessThanOrEqual(Date.now() + 60_000);
    });
  });

  describe('which letters', () => {
    const messageIds = [ulid(), ulid(), ulid()];
    const various = [
      { chatId: 'bob', reason: 'unreadable: not JSON', readable: false, messageId: messageIds[0] },
      { chatId: 'carol', senderId: 'carol', eventType: 'note', messageId: messageIds[1] },
      { chatId: 'bob', reason: 'conflict: messageId is already used', messageId: messageIds[2] },
      { chatId: 'carol', senderId: 'carol', reason: 'failed: Throttled' },
    ];
    const minutesBefore = (minutes: number): string => new Date(startedAt - minutes * 60_000).toISOString();

    test.each<[string, Row, number[]]>([
      ['all', {}, [1, 2, 3, 4]],
      ['chat', { chatId: 'carol' }, [2, 4]],
      ['sender', { senderId: 'bob' }, [1, 3]],
      ['event', { eventType: 'note' }, [2]],
      ['part of the reason, whatever its case', { reason: 'FAILED' }, [2, 4]],
      ['message', { messageIds: [messageIds[2], messageIds[0]] }, [1, 3]],
      ['being unreadable', { unreadable: true }, [1]],
      ['being readable', { unreadable: false }, [2, 3, 4]],
      ['sent at a time or later', { sentAfter: minutesBefore(998) }, [2, 3, 4]],
      ['sent before a time', { sentBefore: minutesBefore(998) }, [1]],
      [
        'sent between, in another zone',
        { sentAfter: '2026-02-28T20:22:00+01:00', sentBefore: minutesBefore(996) },
        [2, 3],
      ],
      ['several things at once', { chatId: 'carol', reason: 'throttled' }, [4]],
      ['nothing that is there', { chatId: 'nobody' }, []],
    ])('by %s', async (_what, filter, expected) => {
      await putLetters('standard', various);
      const predicted = await plan({ queue: 'standard', filter });
      const redrive = await start('standard', { filter: JSON.stringify(filter) });
      expect((await runToEnd(redrive)).state).toBe('done');
      expect(bodies()).toEqual(numbered(...expected));
      const row = await redriveRow(redrive);
      expect(row).toMatchObject({ matched: expected.length, redriven: expected.length, skipped: 0, failed: 0 });
      expect(predicted).toMatchObject({
        matched: expected.length,
        examined: row?.['examined'],
        skipped: 0,
        complete: true,
      });
    });

    test('not those that are settled, but those that an earlier redrive died with in hand', async () => {
      await putLetters('standard', [
        { status: 'redriven', waitingIn: undefined },
        {},
        { status: 'discarded', waitingIn: undefined },
        { status: 'redriving', redriveId: ulid() },
      ]);
      const redrive = await start('standard');
      await runToEnd(redrive);
      expect(bodies()).toEqual(numbered(2, 4));
      expect(await redriveRow(redrive)).toMatchObject({ examined: 2, redriven: 2 });
    });

    test('not those that came after it was started, as those do that fail again', async () => {
      const late = ulid(startedAt);
      await putLetters('standard', [{}, { arrival: late }]);
      const redrive = await start('standard');
      await runToEnd(redrive);
      expect(bodies()).toEqual(numbered(1));
      expect(await redriveRow(redrive)).toMatchObject({ examined: 1 });
    });

    test('as many as it may at most, and none is looked at behind the last', async () => {
      await putLetters('standard', Array(30).fill({}));
      const order = { maxMessages: 13, filter: '{}' };
      const predicted = await plan({ queue: 'standard', ...order });
      const redrive = await start('standard', order);
      await runToEnd(redrive);
      expect(sent()).toHaveLength(13);
      expect(await redriveRow(redrive)).toMatchObject({ examined: 13, matched: 13, redriven: 13 });
      expect(predicted).toMatchObject({ examined: 13, matched: 13, complete: true });
    });

    test('few among many: a batch ends though it found none, and the next goes on from there', async () => {
      await putLetters(
        'standard',
        Array.from({ length: 700 }, (_, index) => ({ chatId: index === 699 ? 'carol' : 'bob', senderId: 'carol' })),
      );
      const redrive = await start('standard', { filter: '{"chatId":"carol"}' });
      expect(await runBatch(redrive)).toMatchObject({ state: 'more' });
      const before = await redriveRow(redrive);
      expect(before?.['examined']).toBeGreaterThanOrEqual(500);
      expect(before?.['examined']).toBeLessThan(700);
      expect(await runBatch(redrive)).toMatchObject({ state: 'done' });
      expect(bodies()).toEqual(numbered(700));
      expect(await redriveRow(redrive)).toMatchObject({ examined: 700, matched: 1, redriven: 1 });
    }, 60_000);

    test('many that are settled before the first that waits: it gets past them', async () => {
      await putLetters('standard', Array(60).fill({ status: 'redriven', waitingIn: undefined }));
      await putLetters('standard', [{}]);
      const redrive = await start('standard', { maxPerSecond: 1 });
      expect(await runToEnd(redrive)).toEqual({ state: 'done', batches: 1 });
      expect(bodies()).toEqual(numbered(61));
    });
  });

  describe('whose letters', () => {
    const ofSender = { senderId: 'dave', chatId: 'chat-1' };

    test.each<[string, Row | undefined, number]>([
      ['a member', { role: 'member' }, 1],
      ['an admin', { role: 'admin' }, 1],
      ['a member for a while yet', { role: 'member', expiresAt: inSeconds(60) }, 1],
      ['nobody any more', undefined, 0],
      ['a member once', { role: 'member', expiresAt: inSeconds(-60) }, 0],
      ['a viewer', { role: 'viewer' }, 0],
    ])('of %s', async (_who, permission, redriven) => {
      if (permission) await table('PERMISSIONS_TABLE').put({ userId: 'dave', chatId: 'chat-1', ...permission });
      await putLetters('standard', [ofSender]);
      const predicted = await plan({ queue: 'standard' });
      const redrive = await start('standard');
      await runToEnd(redrive);
      const counts = { examined: 1, matched: 1, skipped: 1 - redriven };
      expect(await redriveRow(redrive)).toMatchObject({ ...counts, redriven });
      expect(await statusesOf('standard')).toEqual([`letter 1 ${redriven ? 'redriven' : 'waiting'}`]);
      expect(predicted).toMatchObject({ ...counts, sample: [{ outcome: redriven ? 'redrive' : 'skip' }] });
    });

    test('of a sender in their own channel, of nobody, and of the service: nobody is asked', async () => {
      await putLetters('standard', [
        { senderId: 'bob', chatId: 'bob' },
        { senderId: undefined, chatId: undefined, readable: false },
        { senderId: undefined, chatId: 'chat-1' },
      ]);
      const redrive = await start('standard');
      await runBatch(redrive);
      expect(aws.actions.filter((action) => action === 'BatchGetItem')).toHaveLength(2);
      expect(sent()).toHaveLength(3);
    });

    test('of many senders: asked in one strong read, once for each', async () => {
      for (const userId of ['a', 'b', 'c'])
        await table('PERMISSIONS_TABLE').put({ userId, chatId: 'chat-1', role: 'member' });
      await putLetters(
        'standard',
        ['a', 'b', 'c', 'a', 'b', 'c', 'd'].map((senderId) => ({ senderId, chatId: 'chat-1' })),
      );
      const redrive = await start('standard');
      await runBatch(redrive);
      const reads = aws.inputs<{ RequestItems: Record<string, { Keys: unknown[]; ConsistentRead: boolean }> }>(
        'BatchGetItem',
      );
      const ofPermissions = reads.flatMap(({ RequestItems }) => RequestItems['permissions_table'] ?? []);
      expect(ofPermissions.map(({ Keys, ConsistentRead }) => [Keys.length, ConsistentRead])).toEqual([[4, true]]);
      expect(sent()).toHaveLength(6);
      expect(await redriveRow(redrive)).toMatchObject({ matched: 7, redriven: 6, skipped: 1 });
    });

    test('of anybody, if so ordered', async () => {
      await putLetters('standard', [ofSender]);
      const order = { includeRevokedSenders: true };
      expect(await plan({ queue: 'standard', ...order })).toMatchObject({ sample: [{ outcome: 'redrive' }] });
      await runToEnd(await start('standard', order));
      expect(sent()).toHaveLength(1);
    });

    test('of anybody, to give them up', async () => {
      await putLetters('standard', [ofSender]);
      const redrive = await start('standard', { mode: 'discard' });
      await runToEnd(redrive);
      expect(await redriveRow(redrive)).toMatchObject({ discarded: 1, skipped: 0 });
    });
  });

  describe('a rate', () => {
    test.each([
      [1, 1, 1],
      [4, 4, 1],
      [10, 10, 1],
      [100, 10, 0],
    ])('of %d a second takes %d letters, and then waits %d seconds', async (maxPerSecond, expected, waitSeconds) => {
      await putLetters('standard', Array(20).fill({}));
      const redrive = await start('standard', { maxPerSecond });
      expect(await runBatch(redrive)).toMatchObject({ state: 'more', waitSeconds });
      expect(sent()).toHaveLength(expected);
      // What Step Functions cannot wait for is left to the next batch, whoever asks for it.
      const resumeAt = (await redriveRow(redrive))?.['resumeAt'];
      expect(resumeAt).toEqual(waitSeconds > 0 ? undefined : expect.closeTo(Date.now() + 100, -3));
    });

    test.each(['redrive', 'discard'])('lets no letter go before its time: %s', async (mode) => {
      await putLetters('standard', [{}]);
      const resumeAt = Date.now() + 300;
      const redrive = await start('standard', { mode, maxPerSecond: 20, resumeAt });
      await runBatch(redrive);
      const settledAt = Date.parse(String((await lettersOf('standard'))[0]?.['settledAt']));
      expect(settledAt).toBeGreaterThanOrEqual(resumeAt);
    });
  });

  describe('letters that SQS does not take', () => {
    const refusing = (...refusedBodies: string[]) => {
      const answer = { Successful: [], Failed: [{ Id: '0', SenderFault: true, Code: 'InvalidMessageContents' }] };
      aws.fail('SendMessageBatch', { answer }, { applies: (input) => refusedBodies.includes(firstBody(input)) });
    };

    function firstBody(input: Row): string {
      return (input['Entries'] as Entry[])[0]?.MessageBody ?? '';
    }

    test('wait on with the reason, and are counted', async () => {
      await putLetters('standard', [{}]);
      const redrive = await start('standard');
      refusing('letter 1');
      expect((await runToEnd(redrive)).state).toBe('done');
      expect(await redriveRow(redrive)).toMatchObject({ examined: 1, matched: 1, redriven: 0, failed: 1 });
      const [letter] = (await table('DEAD_LETTERS_TABLE').of('standard')).filter(({ body }) => body);
      expect(letter).toMatchObject({ status: 'waiting', waitingIn: 'standard', refusal: 'InvalidMessageContents' });
      expect(await waitingIn('standard')).toBe(1);
    });

    test('on FIFO keep back those behind them in their group, in this batch and later ones, and no others', async () => {
      const groups = Array.from({ length: 25 }, (_, index) => ({ groupId: index % 2 === 0 ? 'even' : 'odd' }));
      await putLetters('fifo', groups);
      const redrive = await start('fifo');
      refusing('letter 3');
      expect((await runToEnd(redrive)).state).toBe('done');
      // Letters 1, 3, 5, .. 25 are one group, of which only the first went.
      expect(bodies().filter((body) => body !== 'letter 3')).toEqual(
        numbered(1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24),
      );
      expect(await redriveRow(redrive)).toMatchObject({ examined: 25, matched: 25, redriven: 13, failed: 12 });
      expect(await waitingIn('fifo')).toBe(12);
      expect((await statusesOf('fifo')).filter((each) => each.endsWith('redriving'))).toEqual([]);
    });

    test('on FIFO go with the next redrive, in order, once SQS takes them', async () => {
      await putLetters('fifo', Array(3).fill({}));
      refusing('letter 1');
      await runToEnd(await start('fifo'));
      aws.reset();
      const next = await start('fifo');
      await runToEnd(next);
      expect(bodies()).toEqual(numbered(1, 2, 3));
      const rows = (await table('DEAD_LETTERS_TABLE').of('fifo')).filter(({ body }) => body);
      for (const row of rows) expect(row).not.toHaveProperty('refusal');
    });

    test('through no fault of theirs are tried again', async () => {
      await putLetters('standard', [{}, {}]);
      const redrive = await start('standard');
      const answer = { Successful: [], Failed: [{ Id: '1', SenderFault: false, Code: 'InternalError' }] };
      aws.fail('SendMessageBatch', { answer }, { times: 1 });
      await runToEnd(redrive);
      expect(bodies()).toEqual(numbered(1, 2, 2));
      expect(await redriveRow(redrive)).toMatchObject({ redriven: 2, failed: 0 });
    });

    test('again and again stay in hand; the next batch sends them as the same messages', async () => {
      await putLetters('fifo', [{ groupId: 'a' }, { groupId: 'b' }]);
      const redrive = await start('fifo');
      const answer = { Successful: [], Failed: [{ Id: '0', SenderFault: false, Code: 'InternalError' }] };
      aws.fail('SendMessageBatch', { answer }, { times: 4 });
      await expect(runBatch(redrive)).rejects.toThrow('InternalError');
      expect(await statusesOf('fifo')).toEqual(['letter 1 redriving', 'letter 2 redriving']);
      expect(await runBatch(redrive)).toMatchObject({ state: 'more' });
      expect(new Set(sent().map((entry) => entry.MessageDeduplicationId)).size).toBe(2);
      expect(await redriveRow(redrive)).toMatchObject({ examined: 2, redriven: 2 });
      expect(await redriveRow(redrive)).not.toHaveProperty('inHand');
    });
  });

  describe('whose turn it is', () => {
    const others: [string, (batch: Batch) => Promise<unknown> | object][] = [
      ['another execution has the lease', (batch) => ({ ...batch, generation: 2 })],
      [
        'another redrive has the lease',
        (batch) =>
          table('REDRIVES_TABLE').put({ redriveId: `lock#${batch.queue}`, holder: ulid(), generation: 1, until: 0 }),
      ],
      ['nobody has the lease', (batch) => table('REDRIVES_TABLE').delete({ redriveId: `lock#${batch.queue}` })],
      ['the redrive has ended', (batch) => end(batch.redriveId)],
      ['there is no such redrive', (batch) => table('REDRIVES_TABLE').delete({ redriveId: batch.redriveId })],
    ];

    async function end(redriveId: string): Promise<void> {
      const row = await table('REDRIVES_TABLE').get({ redriveId });
      await table('REDRIVES_TABLE').put({ ...row, redriveId, status: 'completed' });
    }

    test.each(others)('nobody’s when %s: nothing is written or sent', async (_when, arrange) => {
      await putLetters('standard', [{}]);
      const batch = await start('standard');
      const changed = (await arrange(batch)) as typeof batch | undefined;
      expect(await runBatch(changed?.generation ? changed : batch)).toMatchObject({
        state: 'superseded',
        waitSeconds: 0,
      });
      expect(aws.actions.filter((action) => /Write|Send/.test(action))).toEqual([]);
    });

    test('another’s from the middle on: what was sent is settled by the other, and counted once', async () => {
      await putLetters('fifo', Array(3).fill({}));
      const batch = await start('fifo');
      const lease = { redriveId: 'lock#fifo', holder: batch.redriveId, generation: 2, until: 0 };
      aws.fail('SendMessageBatch', { meanwhile: () => table('REDRIVES_TABLE').put(lease) }, { times: 1 });
      expect(await runBatch(batch)).toMatchObject({ state: 'more' });
      expect(await runBatch(batch)).toMatchObject({ state: 'superseded' });
      expect((await statusesOf('fifo')).every((each) => each.endsWith('redriving'))).toBe(true);
      await runToEnd({ ...batch, generation: 2 });
      expect(await redriveRow(batch)).toMatchObject({ examined: 3, matched: 3, redriven: 3 });
      expect(new Set(sent().map((entry) => entry.MessageDeduplicationId)).size).toBe(3);
      expect(await waitingIn('fifo')).toBe(0);
    });

    test('both’s, of two that run at once: every letter is one message, and counted once', async () => {
      await putLetters('fifo', Array(25).fill({}));
      const batch = await start('fifo');
      for (let round = 0; round < 6; round += 1) await Promise.all([runBatch(batch), runBatch(batch), runBatch(batch)]);
      expect((await runToEnd(batch)).state).toBe('done');
      expect(await redriveRow(batch)).toMatchObject({ examined: 25, matched: 25, redriven: 25, failed: 0 });
      expect(new Set(sent().map((entry) => entry.MessageDeduplicationId)).size).toBe(25);
      expect(await waitingIn('fifo')).toBe(0);
    });
  });

  describe('a redrive that is cancelled', () => {
    test('takes no more letters', async () => {
      await putLetters('standard', Array(12).fill({}));
      const redrive = await start('standard');
      await runBatch(redrive);
      await cancelRedrive(redrive);
      expect(await runBatch(redrive)).toMatchObject({ state: 'cancelled', waitSeconds: 0 });
      expect(sent()).toHaveLength(10);
      expect((await statusesOf('standard')).slice(10)).toEqual(['letter 11 waiting', 'letter 12 waiting']);
    });

    test('still settles those in hand, which may have been sent', async () => {
      await putLetters('standard', Array(12).fill({}));
      const redrive = await start('standard');
      aws.fail('SendMessageBatch', { error: 'AccessDeniedException' }, { times: 1 });
      await expect(runBatch(redrive)).rejects.toThrow();
      await cancelRedrive(redrive);
      expect(await runBatch(redrive)).toMatchObject({ state: 'more' });
      expect(await runBatch(redrive)).toMatchObject({ state: 'cancelled' });
      expect(await redriveRow(redrive)).toMatchObject({ examined: 10, redriven: 10 });
      expect(await waitingIn('standard')).toBe(2);
    });
  });

  describe('a plan', () => {
    test('writes nothing, and says what would become of the first letters', async () => {
      const arrivals = await putLetters('standard', [
        { messageId: ulid(startedAt), chatId: 'bob' },
        { senderId: 'dave', chatId: 'chat-1', messageId: undefined },
        { chatId: 'other', senderId: 'other' },
        ...Array<Row>(30).fill({}),
      ]);
      aws.calls.length = 0;
      const predicted = await plan({ queue: 'standard', filter: { unreadable: false } });
      expect(new Set(aws.actions)).toEqual(new Set(['Query', 'BatchGetItem']));
      expect(predicted).toMatchObject({ examined: 33, matched: 33, skipped: 1, complete: true });
      const sample = predicted['sample'] as Row[];
      expect(sample).toHaveLength(20);
      expect(sample.slice(0, 3)).toEqual([
        {
          arrival: arrivals[0],
          messageId: expect.any(String),
          chatId: 'bob',
          outcome: 'redrive',
          why: expect.stringContaining('the filter'),
        },
        { arrival: arrivals[1], chatId: 'chat-1', outcome: 'skip', why: 'its sender may not send to its chat now' },
        expect.objectContaining({ arrival: arrivals[2], outcome: 'redrive' }),
      ]);
    });
  });

  describe('an order that nobody could mean', () => {
    test.each<[Row, string]>([
      [{ queue: 'main' }, 'Invalid queue: expected one of standard, fifo'],
      [{ queue: 'permission-stream' }, 'Invalid mode: expected discard for permission-stream'],
      [{ mode: 'resend' }, 'Invalid redrive.mode'],
      [{ maxMessages: 0 }, 'Invalid maxMessages: expected a whole number'],
      [{ maxPerSecond: 1.5 }, 'Invalid maxPerSecond: expected a whole number'],
      [{ filter: 'nonsense' }, 'Invalid filter: expected JSON'],
      [{ filter: '[]' }, 'Invalid filter: expected an object'],
      [{ filter: { chat: 'x' } }, 'Invalid filter.chat'],
      [{ filter: { sentAfter: 'yesterday' } }, 'Invalid filter.sentAfter: expected a time'],
    ])('%j is refused by name, with what was expected', async (order, message) => {
      const whole = { queue: 'fifo', mode: 'redrive', ...order };
      for (const request of [{ plan: whole }, { check: whole }]) {
        const error: unknown = await handler(request, lambdaContext()).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ name: 'InvalidInput', message: expect.stringContaining(message) });
      }
      expect(aws.actions).toEqual([]);
    });

    test('another is not', async () => {
      const check = { queue: 'fifo', mode: 'redrive', filter: '{"chatId":"bob"}', maxMessages: 5, reason: 'why' };
      expect(await handler({ check }, lambdaContext())).toEqual({});
    });
  });
});
