import '../unit/support/quiet.ts';
import { topicGroupId } from '../../functions/domain/publishing/topic-ids.ts';
import type { ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import { Workflow } from '../setup/workflow.ts';
import { Aws, type Fault } from '../unit/support/aws.ts';
import { announcements, callsTo, Group, setProcessorEnvironment, topics } from './multipart-groups.ts';

const graceSeconds = 60;
const ulidShape = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('multipart-completion', () => {
  const workflow = new Workflow('multipart-completion', {
    MultiPartTable: 'multi_part_table',
    AnnouncementGraceSeconds: String(graceSeconds),
    ...topics,
  });
  let aws: Aws;

  beforeAll(async () => {
    setProcessorEnvironment();
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  function run(group: Group, input: object = {}): Promise<ExecutionResult> {
    const { perform, name } = callsTo(aws);
    return workflow.run({ ...group.input, ...input }, perform, { name });
  }

  const resume = { resume: true };

  describe('a group that is full', () => {
    test('is announced on the standard topic, with the ids in part order, and concluded', async () => {
      const group = new Group(3, { messageType: 'standard' });
      await group.send(2);
      await group.send(3, 1);
      aws.reset();
      expect(await run(group)).toMatchObject({ status: 'SUCCEEDED' });
      const [announcement, ...more] = announcements(aws);
      expect(more).toEqual([]);
      expect(announcement).toMatchObject({
        topic: topics.StandardTopicArn,
        targetChannel: 'WebSocket',
        messageGroupId: undefined,
        deduplicationId: undefined,
      });
      expect(announcement?.envelope).toEqual({
        version: 1,
        messageId: expect.stringMatching(ulidShape),
        senderId: 'ada',
        publishTimestamp: expect.stringMatching(isoTime),
        targetChannel: 'WebSocket',
        messageType: 'standard',
        payload: {
          chatId: group.chatId,
          eventType: 'multipart.completed',
          content: { groupId: 'file', totalParts: 3, messageIds: group.idsInOrder },
        },
      });
      const row = await group.row();
      expect(row).toMatchObject({
        status: 'completed',
        received: 3,
        announcementId: announcement?.envelope.messageId,
        announcedAt: announcement?.envelope.publishTimestamp,
      });
      expect(row).not.toHaveProperty('openShard');
      expect(aws.actions).toEqual(['GetItem', 'UpdateItem', 'Query', 'Publish', 'UpdateItem']);
    });

    test.each([
      ['numbered', { generateSequence: true as const, messageGroupId: 'room 7' }, true],
      ['not numbered', { messageGroupId: 'room 7' }, undefined],
    ])('on the FIFO topic, %s, it goes behind its parts', async (_what, said, generateSequence) => {
      const group = new Group(2, said);
      await group.sendAll();
      aws.reset();
      await run(group);
      const [announcement] = announcements(aws);
      const { envelope } = announcement ?? {};
      expect(envelope).toMatchObject({ messageType: 'fifo', messageGroupId: 'room 7' });
      expect(envelope?.generateSequence).toBe(generateSequence);
      expect(announcement).toMatchObject({
        topic: topics.FifoTopicArn,
        messageGroupId: envelope && topicGroupId(envelope),
        deduplicationId: envelope?.messageId,
      });
    });

    test('of one part has lists of one', async () => {
      const group = new Group(1);
      await group.sendAll();
      aws.reset();
      await run(group);
      expect(announcements(aws)[0]?.envelope.payload['content']).toEqual({
        groupId: 'file',
        totalParts: 1,
        messageIds: group.idsInOrder,
      });
    });

    test('of 1,000 parts with the longest ids stays within what a state may hold', async () => {
      const group = new Group(1000, { messageType: 'standard', groupId: '\u4E00'.repeat(256) });
      await group.sendAll();
      aws.reset();
      expect(await run(group)).toMatchObject({ status: 'SUCCEEDED' });
      expect(announcements(aws)[0]?.envelope.payload['content']).toMatchObject({ messageIds: group.idsInOrder });
    });

    test('is listed to the last page', async () => {
      const group = new Group(3);
      await group.sendAll();
      aws.reset();
      const [first = '', second = ''] = group.idsInOrder;
      const answer = {
        Items: [first, second].map((messageId, index) => ({
          partNumber: { N: `${index + 1}` },
          messageId: { S: messageId },
        })),
        LastEvaluatedKey: { group: { S: `${group.chatId}#file` }, item: { S: 'part#0002' } },
      };
      aws.fail('Query', { answer }, { times: 1 });
      await run(group);
      expect(announcements(aws)[0]?.envelope.payload['content']).toMatchObject({ messageIds: group.idsInOrder });
    });

    test('has an id of its time', async () => {
      const group = new Group(1);
      await group.sendAll();
      aws.reset();
      const before = Date.now();
      await run(group);
      const { messageId = '', publishTimestamp = '' } = announcements(aws)[0]?.envelope ?? {};
      const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
      const time = [...messageId.slice(0, 10)].reduce((sum, digit) => sum * 32 + digits.indexOf(digit), 0);
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
      expect(Math.abs(Date.parse(publishTimestamp) - time)).toBeLessThan(1000);
    });

    test('past its deadline is complete all the same', async () => {
      const group = new Group(2);
      await group.sendAll();
      await group.overdue();
      aws.reset();
      await run(group, resume);
      expect(announcements(aws)[0]?.envelope.payload.eventType).toBe('multipart.completed');
    });

    test('may be called anything: what SNS refuses is spelt', async () => {
      const groupId = 'a "quoted" \\ \uFFFE\uFFFF \u0001 ü \u{1F600}';
      const group = new Group(1, { groupId });
      await group.sendAll();
      aws.reset();
      await run(group);
      const [announcement] = announcements(aws);
      expect(announcement?.text).not.toMatch(/[\uFFFE\uFFFF]/);
      expect(announcement?.envelope.payload['content']).toMatchObject({ groupId });
    });
  });

  describe('a group that lacks parts', () => {
    test.each([
      ['two', 8, [1, 2, 4, 5, 6, 8], [3, 7]],
      ['one', 3, [1, 3], [2]],
      ['all but one', 4, [4], [1, 2, 3]],
    ])(
      '%s of them, is announced with their numbers once its deadline has passed',
      async (_what, total, sent, missing) => {
        const group = new Group(total);
        await group.send(...sent);
        await group.overdue();
        aws.reset();
        await run(group, resume);
        expect(announcements(aws)[0]?.envelope).toMatchObject({
          senderId: 'ada',
          payload: {
            chatId: group.chatId,
            eventType: 'multipart.incomplete',
            content: { groupId: 'file', totalParts: total, missingParts: missing, messageIds: group.idsInOrder },
          },
        });
        const row = await group.row();
        expect(row).toMatchObject({ status: 'incomplete' });
        expect(row).not.toHaveProperty('openShard');
      },
    );

    test('999 of 1,000 are found in no time', async () => {
      const group = new Group(1000);
      await group.send(500);
      await group.overdue();
      aws.reset();
      await run(group, resume);
      const { missingParts } = announcements(aws)[0]?.envelope.payload['content'] as { missingParts: number[] };
      expect(missingParts).toHaveLength(999);
    });

    test('waits for them until its deadline', async () => {
      const group = new Group(2);
      await group.send(1);
      aws.reset();
      await run(group);
      await run(group, resume);
      expect(aws.actions).toEqual(['GetItem', 'GetItem']);
      expect(await group.row()).toMatchObject({ status: 'open' });
    });

    test.each([
      ['fills it', [2], 'multipart.completed'],
      ['moves its deadline', [], undefined],
    ])('is not given up when a part %s at that very moment', async (_what, missing, announced) => {
      const group = new Group(missing.length === 0 ? 3 : 2);
      await group.send(1);
      await group.overdue();
      aws.reset();
      const lateComer = async (): Promise<unknown> => group.send(...(missing.length === 0 ? [2] : missing));
      aws.fail('UpdateItem', { meanwhile: lateComer }, { times: 1 });
      expect(await run(group, resume)).toMatchObject({ status: 'SUCCEEDED' });
      expect(announcements(aws)).toEqual([]);
      expect(await group.row()).toMatchObject({ status: 'open' });
      await run(group, resume);
      expect(announcements(aws).map(({ envelope }) => envelope.payload.eventType)).toEqual(
        announced ? [announced] : [],
      );
    });
  });

  describe('several executions', () => {
    test('at once announce a group once, whoever starts them', async () => {
      const group = new Group(3);
      await group.sendAll();
      aws.reset();
      const results = await Promise.all(Array.from({ length: 8 }, () => run(group)));
      expect(results.map(({ status }) => status)).toEqual(Array(8).fill('SUCCEEDED'));
      expect(announcements(aws)).toHaveLength(1);
    });

    test('one after the other find nothing to do', async () => {
      const group = new Group(3);
      await group.sendAll();
      await run(group);
      aws.reset();
      await run(group);
      await run(group, resume);
      expect(aws.actions).toEqual(['GetItem', 'GetItem']);
    });

    test.each([
      ['completing', 3],
      ['expiring', 2],
    ])('resuming a group that is %s announce the very message that was begun', async (status, sent) => {
      const group = new Group(3);
      await group.send(...[1, 2, 3].slice(0, sent));
      if (sent < 3) await group.overdue();
      aws.reset();
      aws.fail('Publish', { error: 'InternalError', status: 500 });
      expect(await run(group, resume)).toMatchObject({ status: 'FAILED', error: 'Sns.SnsException' });
      const begun = announcements(aws)[0];
      expect(await group.row()).toMatchObject({ status });
      aws.reset();

      await run(group);
      expect(announcements(aws)).toEqual([]);
      await run(group, resume);
      expect(announcements(aws)).toEqual([begun]);
      expect(await group.row()).toMatchObject({ status: status === 'completing' ? 'completed' : 'incomplete' });
    });

    test('a claim is good for its grace', async () => {
      const group = new Group(1);
      await group.sendAll();
      aws.fail('Publish', { error: 'InvalidParameter' });
      await run(group);
      expect(await group.row()).toMatchObject({ deadline: expect.closeTo(Date.now() + graceSeconds * 1000, -5) });
    });
  });

  describe('failures', () => {
    test('a claim whose answer was lost is known as one’s own', async () => {
      const group = new Group(1);
      await group.sendAll();
      await group.overdue();
      aws.reset();
      aws.fail('UpdateItem', { dropReply: true }, { times: 1 });
      expect(await run(group)).toMatchObject({ status: 'SUCCEEDED' });
      expect(announcements(aws)).toHaveLength(1);
      expect(await group.row()).toMatchObject({ status: 'completed' });
    });

    test('a group deleted before it is concluded stays deleted', async () => {
      const group = new Group(1);
      await group.sendAll();
      aws.reset();
      aws.fail('Publish', { meanwhile: () => group.delete() });
      expect(await run(group)).toMatchObject({ status: 'SUCCEEDED' });
      expect(await group.row()).toBeUndefined();
    });

    test('a group that nobody has heard of is nothing to do', async () => {
      expect(await run(new Group(1))).toMatchObject({ status: 'SUCCEEDED' });
    });

    /** Of an execution that announces a group. */
    const calls = 5;
    const passing: [string, Fault][] = [
      ['fails inside', { error: 'InternalServerError', status: 500 }],
      ['is throttled', { error: 'ThrottlingException' }],
      ['takes effect unheard', { dropReply: true }],
    ];

    test.each(passing)('each call in turn %s: tried again, and one announcement', async (_how, fault) => {
      for (let at = 1; at <= calls; at += 1) {
        const group = new Group(2);
        await group.sendAll();
        aws.reset();
        let call = 0;
        aws.fail('*', fault, { applies: () => (call += 1) === at });
        expect(await run(group)).toMatchObject({ status: 'SUCCEEDED' });
        expect(call).toBeGreaterThanOrEqual(calls);
        expect(new Set(announcements(aws).map(({ text }) => text)).size).toBe(1);
        expect(await group.row()).toMatchObject({ status: 'completed' });
      }
    });

    test('from each call in turn on, all are refused: the execution fails, and one that resumes ends it', async () => {
      for (let at = 1; at <= calls; at += 1) {
        const group = new Group(2);
        await group.sendAll();
        aws.reset();
        let call = 0;
        aws.fail('*', { error: 'AccessDeniedException' }, { applies: () => (call += 1) >= at });
        expect(await run(group)).toMatchObject({ status: 'FAILED' });
        const begun = announcements(aws).map(({ text }) => text);
        aws.reset();
        await run(group, resume);
        expect(new Set([...begun, ...announcements(aws).map(({ text }) => text)]).size).toBe(1);
        expect(await group.row()).toMatchObject({ status: 'completed' });
      }
    });
  });

  test('these runs go through every state', () => {
    expect(workflow.states.filter((state) => !workflow.visited.has(state))).toEqual([]);
  });
});
