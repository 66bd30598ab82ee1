import './support/quiet.ts';
import { Aws, type Fault } from './support/aws.ts';
import {
  type Batch,
  forgetRedrives,
  putLetters,
  putRedrive,
  redriveRow,
  runToEnd,
  sentIn,
  setRedriveEnvironment,
  waitingIn,
} from './support/redrives.ts';
import { table } from './support/tables.ts';

const letters = 14;

/** Whichever one call of redrive-batch fails, and however: the next batch carries on, and in the end all is as if nothing had. */
describe('one failing call of a redrive, whichever it is', () => {
  let aws: Aws;

  beforeAll(async () => {
    setRedriveEnvironment();
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());

  /** Redrives, or gives up, letters of two groups, one of them of a sender who may not send; one call, if told, fails. */
  async function settleAll(mode: string, fault?: { at: number; kind: Fault }): Promise<Batch> {
    aws.reset();
    await forgetRedrives();
    await table('PERMISSIONS_TABLE').put({ userId: 'carol', chatId: 'chat-1', role: 'member' });
    await putLetters(
      'fifo',
      Array.from({ length: letters }, (_, index) => ({
        groupId: index % 3 === 0 ? 'a' : 'b',
        chatId: 'chat-1',
        senderId: index === 5 ? 'mallory' : 'carol',
      })),
    );
    const redrive = await putRedrive('fifo', { mode });
    aws.reset();
    let calls = 0;
    if (fault) aws.fail('*', fault.kind, { applies: () => (calls += 1) === fault.at + 1 });
    expect((await runToEnd(redrive)).state).toBe('done');
    return redrive;
  }

  const kinds: [string, Fault][] = [
    ['fails inside', { error: 'InternalServerError', status: 500 }],
    ['is refused', { error: 'AccessDeniedException' }],
    ['is throttled', { error: 'ThrottlingException' }],
    ['takes effect unheard', { dropReply: true }],
    ['conflicts', { cancellation: ['TransactionConflict'] }],
  ];

  test.each(kinds)(
    'each call in turn %s: nothing is lost, doubled, overtaken or miscounted',
    async (_how, kind) => {
      await settleAll('redrive');
      const calls = aws.calls.length;
      expect(calls).toBeGreaterThan(12);
      for (let at = 0; at < calls; at += 1) {
        const redrive = await settleAll('redrive', { at, kind });
        const counts = { examined: letters, matched: letters, redriven: letters - 1, skipped: 1, failed: 0 };
        expect({ at, ...(await redriveRow(redrive)) }).toMatchObject({ at, ...counts });
        expect(await waitingIn('fifo')).toBe(1);
        // SQS takes a message once under one deduplication id.
        const taken = [...new Map(sentIn(aws).map((entry) => [entry.MessageDeduplicationId, entry])).values()];
        expect(taken).toHaveLength(letters - 1);
        for (const group of ['a', 'b']) {
          const ofGroup = taken.filter(({ MessageGroupId }) => MessageGroupId === group);
          const order = ofGroup.map(({ MessageBody }) => Number(MessageBody.split(' ')[1]));
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
      }
    },
    120_000,
  );

  test.each(kinds)(
    'each call of giving letters up in turn %s: counts are true',
    async (_how, kind) => {
      await settleAll('discard');
      const calls = aws.calls.length;
      for (let at = 0; at < calls; at += 1) {
        const redrive = await settleAll('discard', { at, kind });
        expect(await redriveRow(redrive)).toMatchObject({ examined: letters, matched: letters, discarded: letters });
        expect(await waitingIn('fifo')).toBe(0);
      }
    },
    60_000,
  );
});
