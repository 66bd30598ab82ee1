import './support/quiet.ts';
import type { SQSRecord } from 'aws-lambda';
import { createHash } from 'node:crypto';
import { ulid } from 'ulid';
import { openShardOf } from '../../functions/domain/multipart/part.ts';
import type { Envelope } from '../../functions/domain/protocol/envelope.ts';
import { topicGroupId } from '../../functions/domain/publishing/topic-ids.ts';
import { handler } from '../../functions/message-processor/handler.ts';
import { Aws } from './support/aws.ts';
import { envelope, inSeconds, lambdaContext, sqsEvent, sqsRecord } from './support/events.ts';
import { table } from './support/tables.ts';

type Row = Record<string, unknown>;

const queues = 'https://sqs.us-east-1.amazonaws.com/000000000000';
const deadlineSeconds = 300;
const completionArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:multipart-completion';
let chats = 0;

describe('parts in the message processor', () => {
  let aws: Aws;
  let chatId: string;
  /** A sender of its own for each test: what is refused lands in the sender's channel. */
  let ada: string;

  beforeAll(async () => {
    Object.assign(process.env, {
      STANDARD_DEAD_LETTER_QUEUE_URL: `${queues}/standard-dead`,
      FIFO_DEAD_LETTER_QUEUE_URL: `${queues}/fifo-dead.fifo`,
      DELIVERY_RETRY_QUEUE_URL: `${queues}/retries`,
      MULTI_PART_DEADLINE_SECONDS: String(deadlineSeconds),
      MULTI_PART_COMPLETION_ARN: completionArn,
    });
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(() => {
    aws.reset();
    chats += 1;
    chatId = `chat-${chats}`;
    ada = `ada-${chats}`;
  });

  interface Said extends Partial<Omit<Envelope, 'payload'>> {
    groupId?: string;
    totalParts?: number;
  }

  /** A part of a group of three, numbered and FIFO unless said otherwise. */
  function part(partNumber: number, { groupId = 'file', totalParts = 3, ...said }: Said = {}): Envelope {
    const multiPartMetadata = { groupId, totalParts, partNumber };
    return envelope({
      senderId: ada,
      ...(said.messageType !== 'standard' && { generateSequence: true }),
      ...said,
      payload: { chatId, content: `part ${partNumber}`, multiPartMetadata },
    });
  }

  const fifo = (body: Envelope, receiveCount = 1): SQSRecord => sqsRecord({ body, receiveCount });
  const standard = (body: Envelope, receiveCount = 1): SQSRecord => sqsRecord({ body, receiveCount, fifo: false });

  async function deliver(...records: SQSRecord[]): Promise<string[]> {
    const { batchItemFailures } = await handler(sqsEvent(...records), lambdaContext());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  async function subscribe(connectionId: string, chat: string): Promise<void> {
    await table('SUBSCRIPTIONS_TABLE').put({
      chatId: chat,
      subscriber: `00#${connectionId}`,
      connectionId,
      frames: 'single',
      connectedAt: '2026-01-01T00:00:00.000Z',
      accessExpiresAt: inSeconds(600),
    });
  }

  const framesOf = (connectionId: string): Row[] =>
    (aws.received.get(connectionId) ?? []).map((frame) => JSON.parse(frame) as Row);
  const history = (chat = chatId): Promise<Row[]> => table('MESSAGES_TABLE').of(chat);
  const idsOf = (rows: Row[]): unknown[] => rows.map(({ messageId }) => messageId);
  const registered = async (groupId = 'file'): Promise<Row[]> => table('MULTI_PART_TABLE').of(`${chatId}#${groupId}`);
  const groupRow = async (groupId = 'file'): Promise<Row | undefined> =>
    table('MULTI_PART_TABLE').get({ group: `${chatId}#${groupId}`, item: 'group' });
  const letters = (): Row[] =>
    aws
      .inputs<{ MessageBody: string; MessageAttributes: Record<string, { StringValue: string }> }>('SendMessage')
      .map(({ MessageBody, MessageAttributes: { reason, stage } }) => ({
        messageId: (JSON.parse(MessageBody) as Envelope).messageId,
        reason: reason?.StringValue,
        stage: stage?.StringValue,
      }));

  describe('registration', () => {
    test('a part is counted in the transaction that makes it history; a run costs no call more', async () => {
      const parts = [part(1), part(3)];
      await deliver(...parts.map((each) => fifo(each)));
      expect(aws.inputs('TransactWriteItems')).toHaveLength(1);
      const expiresAt = expect.closeTo(inSeconds(30 * 86_400), -1) as unknown;
      const group = `${chatId}#file`;
      expect(await registered()).toEqual([
        {
          group,
          item: 'group',
          chatId,
          groupId: 'file',
          senderId: ada,
          totalParts: 3,
          received: 2,
          status: 'open',
          deadline: expect.closeTo(Date.now() + deadlineSeconds * 1000, -4) as unknown,
          openShard: openShardOf(group),
          messageType: 'fifo',
          messageGroupId: chatId,
          topicGroupId: topicGroupId(part(1)),
          numbered: true,
          expiresAt,
        },
        { group, item: 'part#0001', partNumber: 1, messageId: parts[0]?.messageId, expiresAt },
        { group, item: 'part#0003', partNumber: 3, messageId: parts[1]?.messageId, expiresAt },
      ]);
      expect(await history()).toHaveLength(2);
    });

    test('a standard group has no FIFO group, and later parts change nothing of what the first decided', async () => {
      await deliver(standard(part(1, { messageType: 'standard' })));
      await deliver(fifo(part(2, { messageGroupId: 'room' })));
      expect(await groupRow()).toMatchObject({ messageType: 'standard', numbered: false, received: 2 });
    });

    test('each new part moves the deadline', async () => {
      await deliver(standard(part(1, { messageType: 'standard' })));
      const group = `${chatId}#file`;
      await table('MULTI_PART_TABLE').put({ ...(await groupRow()), group, item: 'group', deadline: 1 });
      await deliver(standard(part(2, { messageType: 'standard' })));
      expect(await groupRow()).toMatchObject({ deadline: expect.closeTo(Date.now() + deadlineSeconds * 1000, -4) });
    });

    test('a part delivered again is counted once, and takes no number', async () => {
      const first = part(1);
      await deliver(fifo(first));
      await deliver(fifo(first, 2), fifo(part(2)), fifo(first));
      expect(await groupRow()).toMatchObject({ received: 2 });
      expect((await history()).map(({ sequence }) => sequence).sort()).toEqual([1, 2]);
    });

    test('parts of many groups and messages that are none share a run', async () => {
      const whole = envelope({ payload: { chatId } });
      const records = [part(1, { groupId: 'a' }), whole, part(1, { groupId: 'b' }), part(2, { groupId: 'a' })];
      await deliver(...records.map((body) => fifo(body)));
      expect(aws.inputs('TransactWriteItems')).toHaveLength(1);
      expect(await groupRow('a')).toMatchObject({ received: 2 });
      expect(await groupRow('b')).toMatchObject({ received: 1 });
    });

    test('the largest run is one transaction of no more than 100 actions', async () => {
      const bodies = Array.from({ length: 25 }, (_, index) => part(1, { groupId: `group-${index}`, totalParts: 1000 }));
      await deliver(...bodies.map((body) => fifo(body)));
      const [transaction] = aws.inputs<{ TransactItems: unknown[] }>('TransactWriteItems');
      expect(aws.inputs('TransactWriteItems')).toHaveLength(1);
      expect(transaction?.TransactItems).toHaveLength(76);
    });

    test('metadata that the publishers would refuse makes an unreadable record', async () => {
      await deliver(fifo(part(4)));
      expect(letters()).toMatchObject([
        { stage: 'parse', reason: 'unreadable: not an envelope: payload.multiPartMetadata is not as expected' },
      ]);
    });
  });

  describe('refusal', () => {
    const contradictions: [string, (first: Envelope) => Envelope][] = [
      ['totalParts', () => part(2, { totalParts: 4 })],
      ['sender', () => part(2, { senderId: `mallory-${chats}` })],
      ['partNumber', () => part(1)],
    ];

    test.each(contradictions)(
      '%s: not in history, not delivered, a dead letter, and its sender is told',
      async (why, other) => {
        const first = part(1);
        const refused = other(first);
        const { groupId, totalParts, partNumber } = refused.payload.multiPartMetadata ?? {};
        await subscribe(`${chatId}-listener`, chatId);
        await subscribe(`${chatId}-sender`, refused.senderId);
        await deliver(fifo(first));
        expect(await deliver(fifo(refused), fifo(part(3)))).toEqual([]);
        expect((await history()).map(({ payload }) => (JSON.parse(String(payload)) as Row)['content'])).toEqual([
          'part 1',
          'part 3',
        ]);
        expect(framesOf(`${chatId}-listener`).map(({ content, sequence }) => [content, sequence])).toEqual([
          ['part 1', 1],
          ['part 3', 2],
        ]);
        expect(await groupRow()).toMatchObject({ received: 2, totalParts: 3, senderId: ada });
        expect(letters()).toEqual([{ messageId: refused.messageId, reason: `multi-part: ${why}`, stage: 'commit' }]);
        expect(framesOf(`${chatId}-sender`)).toEqual([
          {
            chatId: refused.senderId,
            eventType: 'multipart.refused',
            content: { chatId, groupId, partNumber, totalParts, messageId: refused.messageId, reason: why },
            messageId: noticeIdOf(refused),
            senderId: refused.senderId,
            publishTimestamp: expect.any(String),
            sqsMetadata: { messageId: expect.any(String), retryCount: 0 },
          },
        ]);
        expect(idsOf(await history(refused.senderId))).toEqual([noticeIdOf(refused)]);
      },
    );

    test.each(['completing', 'completed', 'expiring', 'incomplete'])(
      'a group that is %s is closed to late parts',
      async (status) => {
        await deliver(fifo(part(1)));
        await table('MULTI_PART_TABLE').put({ ...(await groupRow()), status });
        const late = part(2);
        await deliver(fifo(late));
        expect(await groupRow()).toMatchObject({ status, received: 1 });
        expect(letters()).toEqual([{ messageId: late.messageId, reason: 'multi-part: closed', stage: 'commit' }]);
      },
    );

    test.each(['completing', 'completed', 'expiring', 'incomplete'])(
      'a part that is in a %s group, delivered again, is no late one',
      async (status) => {
        const first = part(1);
        await subscribe(`${chatId}-listener`, chatId);
        await deliver(fifo(first));
        await table('MULTI_PART_TABLE').put({ ...(await groupRow()), status });
        expect(await deliver(fifo(first, 2))).toEqual([]);
        expect(letters()).toEqual([]);
        expect(framesOf(`${chatId}-listener`).map(({ sequence }) => sequence)).toEqual([1, 1]);
      },
    );

    test.each(contradictions)('%s, of two parts in one run: the first stands', async (why, other) => {
      const first = part(1);
      const second = other(first);
      await deliver(fifo(first), fifo(second), fifo(part(3)));
      expect(letters()).toEqual([{ messageId: second.messageId, reason: `multi-part: ${why}`, stage: 'commit' }]);
      expect((await history()).map(({ sequence }) => sequence).sort()).toEqual([1, 2]);
    });

    test('of two parts in one run: where the first is refused, the second stands, in its place', async () => {
      await deliver(fifo(part(1)));
      const [refused, taken, last] = [part(2, { totalParts: 9 }), part(2), part(3)];
      await deliver(fifo(refused), fifo(taken), fifo(last));
      expect(letters()).toMatchObject([{ messageId: refused.messageId, reason: 'multi-part: totalParts' }]);
      const numbers = new Map((await history()).map(({ messageId, sequence }) => [messageId, sequence]));
      expect([numbers.get(taken.messageId), numbers.get(last.messageId)]).toEqual([2, 3]);
    });

    test('a refused part twice in one run is one letter; other words under its id are another', async () => {
      await deliver(fifo(part(1)));
      const refused = part(1);
      const other = { ...refused, payload: { ...refused.payload, content: 'other words' } };
      await deliver(fifo(refused), fifo(refused), fifo(other));
      expect(letters()).toEqual([
        { messageId: refused.messageId, reason: 'multi-part: partNumber', stage: 'commit' },
        { messageId: refused.messageId, reason: 'conflict: messageId is already used', stage: 'commit' },
      ]);
    });

    test('refused again, as after a crash, the sender has one notice', async () => {
      await deliver(fifo(part(1)));
      const refused = part(1);
      for (const receiveCount of [1, 2, 3]) await deliver(fifo(refused, receiveCount));
      expect(idsOf(await history(ada))).toEqual([noticeIdOf(refused)]);
    });

    test('refused again for another reason, the sender keeps the first notice, and there is one letter a try', async () => {
      await deliver(fifo(part(1)));
      const refused = part(1);
      await deliver(fifo(refused));
      await table('MULTI_PART_TABLE').put({ ...(await groupRow()), status: 'completed' });
      await deliver(fifo(refused, 2));
      expect(letters().map(({ reason }) => reason)).toEqual(['multi-part: partNumber', 'multi-part: closed']);
      const notices = (await history(ada)).map(
        ({ payload }) => (JSON.parse(String(payload)) as { content: Row }).content,
      );
      expect(notices).toMatchObject([{ reason: 'partNumber' }]);
    });

    test('a letter that cannot be sent: the part comes again, and the notice stays one', async () => {
      await deliver(fifo(part(1)));
      const refused = part(1);
      aws.fail('SendMessage', { error: 'InternalError', status: 500 });
      const record = fifo(refused);
      expect(await deliver(record)).toEqual([record.messageId]);
      aws.reset();
      expect(await deliver(fifo(refused, 2))).toEqual([]);
      expect(letters()).toHaveLength(1);
      expect(await history(ada)).toHaveLength(1);
    });

    test('a sender who cannot be told: the part comes again, and on its last try becomes a letter all the same', async () => {
      await deliver(fifo(part(1)));
      const refused = part(1);
      const toSender = (input: Row): boolean => JSON.stringify(input).includes('multipart.refused');
      aws.fail('TransactWriteItems', { error: 'InternalServerError', status: 500 }, { applies: toSender });
      const record = fifo(refused);
      expect(await deliver(record)).toEqual([record.messageId]);
      expect(letters()).toEqual([]);
      expect(await deliver(fifo(refused, 3))).toEqual([]);
      expect(letters()).toEqual([{ messageId: refused.messageId, reason: 'multi-part: partNumber', stage: 'commit' }]);
    });

    test('a sender without a channel, as only a topic’s own publisher can name, makes a letter and no notice', async () => {
      await deliver(fifo(part(1)));
      const refused = part(1, { senderId: 'no channel!' });
      await deliver(fifo(refused));
      expect(letters()).toMatchObject([{ messageId: refused.messageId, reason: 'multi-part: sender' }]);
    });

    test('nothing is refused while it is unknown whether history holds the message', async () => {
      const first = part(1, { messageType: 'standard' });
      await deliver(standard(first));
      const item = { senderId: { S: ada }, totalParts: { N: '3' }, status: { S: 'completed' } };
      const cancellation = [
        'TransactionConflict',
        { Code: 'ConditionalCheckFailed', Item: { messageId: { S: first.messageId } } },
        { Code: 'ConditionalCheckFailed', Item: item },
      ];
      aws.fail('TransactWriteItems', { cancellation }, { times: 1 });
      expect(await deliver(standard(first, 2))).toEqual([]);
      expect(letters()).toEqual([]);
      expect(await history(ada)).toEqual([]);
    });
  });

  describe('looking whether a group is full', () => {
    const started = (): unknown[] =>
      aws.inputs<{ input: string }>('StartExecution').map(({ input }) => JSON.parse(input) as unknown);

    test('is started once for each group in a run, after the commit', async () => {
      const records = [part(1, { groupId: 'a' }), part(1, { groupId: 'b' }), part(2, { groupId: 'a' })];
      await deliver(...records.map((body) => fifo(body)));
      expect(started()).toEqual([
        { chatId, groupId: 'a' },
        { chatId, groupId: 'b' },
      ]);
      expect(aws.inputs('StartExecution')).toMatchObject([
        { stateMachineArn: completionArn },
        { stateMachineArn: completionArn },
      ]);
      expect(aws.actions[0]).toBe('TransactWriteItems');
    });

    test('is not for messages that are no parts, nor for parts that are refused', async () => {
      await deliver(fifo(envelope({ payload: { chatId } })));
      expect(started()).toEqual([]);
      await deliver(fifo(part(1)));
      aws.reset();
      await deliver(fifo(part(1)));
      expect(started()).toEqual([]);
    });

    test('is started again for a part that is delivered again: whoever committed it may have died', async () => {
      const first = part(1);
      await deliver(fifo(first));
      aws.reset();
      await deliver(fifo(first, 2));
      expect(started()).toEqual([{ chatId, groupId: 'file' }]);
    });

    test.each([
      ['FIFO', fifo],
      ['standard', standard],
    ])(
      'that cannot be started, %s: its parts are delivered, and come again; everything else is done',
      async (_lane, record) => {
        await subscribe(`${chatId}-listener`, chatId);
        const ofA = (input: Row): boolean => String(input['input']).includes('"a"');
        aws.fail('StartExecution', { error: 'ServiceUnavailable', status: 503 }, { applies: ofA });
        const messageType = record === fifo ? ('fifo' as const) : ('standard' as const);
        const records = [part(1, { groupId: 'a', messageType }), part(1, { groupId: 'b', messageType })].map((body) =>
          record(body),
        );
        expect(await deliver(...records)).toEqual([records[0]?.messageId]);
        expect(framesOf(`${chatId}-listener`)).toHaveLength(2);
        expect(letters()).toEqual([]);
      },
    );

    test('that cannot be started on the last try is a dead letter that says so; the part stays in history', async () => {
      aws.fail('StartExecution', { error: 'AccessDeniedException' });
      const first = part(1);
      expect(await deliver(fifo(first, 3))).toEqual([]);
      expect(letters()).toEqual([
        { messageId: first.messageId, reason: 'failed: AccessDeniedException', stage: 'multi-part' },
      ]);
      expect(await history()).toHaveLength(1);
    });

    test('is started even when nobody can be told, and once', async () => {
      aws.fail('Query', { error: 'AccessDeniedException' });
      const record = fifo(part(1));
      expect(await deliver(record)).toEqual([record.messageId]);
      expect(started()).toEqual([{ chatId, groupId: 'file' }]);
    });
  });

  describe('many processors at one group', () => {
    test('200 parts in 20 processors at once, where transactions that meet are cancelled: every part is counted, none comes again', async () => {
      const total = 200;
      const bodies = Array.from({ length: total }, (_, index) =>
        part(index + 1, { messageType: 'standard', totalParts: total }),
      );
      aws.fail('TransactWriteItems', { isolatedForMs: 20 });
      const batches = Array.from({ length: 20 }, (_, index) => bodies.slice(index * 10, index * 10 + 10));
      const returned = await Promise.all(batches.map((batch) => deliver(...batch.map((body) => standard(body)))));
      expect(returned.flat()).toEqual([]);
      expect(await groupRow()).toMatchObject({ received: total });
      expect(await registered()).toHaveLength(total + 1);
    });

    test('two senders race for a group: one of them has it, the other is told', async () => {
      const rivals = ['rival-a', 'rival-b'].map((name) => `${name}-${chats}`);
      aws.fail('TransactWriteItems', { isolatedForMs: 5 });
      const bodies = rivals.map((senderId, index) => part(index + 1, { messageType: 'standard', senderId }));
      await Promise.all(bodies.map((body) => deliver(standard(body))));
      const winner = String((await groupRow())?.['senderId']);
      expect(rivals).toContain(winner);
      expect((await history()).map(({ senderId }) => senderId)).toEqual([winner]);
      const [loser = ''] = rivals.filter((each) => each !== winner);
      expect(await history(loser)).toHaveLength(1);
      expect(await history(winner)).toEqual([]);
    });
  });

  function noticeIdOf({ messageId, payload }: Envelope): string {
    const hash = createHash('sha256').update(`${payload.chatId}#${messageId}`).digest('hex');
    return `${messageId.slice(0, 10)}${hash.slice(0, 16).toUpperCase()}`;
  }

  test('a notice’s id is a ULID of the refused message’s time', () => {
    expect(noticeIdOf(part(1, { messageId: ulid() }))).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  });
});
