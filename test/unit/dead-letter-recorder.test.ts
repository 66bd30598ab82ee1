import './support/quiet.ts';
import type { SQSRecord } from 'aws-lambda';
import { handler } from '../../functions/dead-letter-recorder/handler.ts';
import type { Envelope } from '../../functions/domain/protocol/envelope.ts';
import { Aws, type Fault } from './support/aws.ts';
import { envelope, inSeconds, lambdaContext, sqsEvent, sqsRecord } from './support/events.ts';
import { table } from './support/tables.ts';

const arns = {
  standard: 'arn:aws:sqs:us-east-1:000000000000:standard-dead',
  fifo: 'arn:aws:sqs:us-east-1:000000000000:fifo-dead.fifo',
  'delivery-retry': 'arn:aws:sqs:us-east-1:000000000000:retry-dead',
  'fan-out': 'arn:aws:sqs:us-east-1:000000000000:fan-out-dead.fifo',
  'permission-stream': 'arn:aws:sqs:us-east-1:000000000000:stream-failures',
};
type Queue = keyof typeof arns;
type Row = Record<string, unknown>;

interface Said {
  body?: Envelope | string;
  sentAt?: number;
  receiveCount?: number;
  groupId?: string;
  attributes?: Record<string, string>;
  binary?: Record<string, string>;
  /** Whether SQS moved it from its source queue. */
  moved?: boolean;
}

const own = { reason: 'failed: SomeError', stage: 'commit', targetChannel: 'WebSocket' };

function letter(queue: Queue, { attributes = own, binary = {}, moved = false, sentAt = 1000, ...said }: Said = {}) {
  const record = sqsRecord({
    body: envelope(),
    fifo: queue === 'fifo' || queue === 'fan-out',
    ...said,
    attributes: {
      ...Object.fromEntries(
        Object.entries(attributes).map(([name, stringValue]) => [name, { dataType: 'String', stringValue }]),
      ),
      ...Object.fromEntries(
        Object.entries(binary).map(([name, binaryValue]) => [name, { dataType: 'Binary', binaryValue }]),
      ),
    },
  });
  return {
    ...record,
    eventSourceARN: arns[queue],
    attributes: {
      ...record.attributes,
      SentTimestamp: String(sentAt),
      ...(moved && { DeadLetterQueueSourceArn: 'arn:aws:sqs:us-east-1:000000000000:source' }),
    },
  };
}

describe('the dead-letter recorder', () => {
  let aws: Aws;

  beforeAll(async () => {
    Object.assign(process.env, {
      STANDARD_DEAD_LETTER_QUEUE_ARN: arns.standard,
      FIFO_DEAD_LETTER_QUEUE_ARN: arns.fifo,
      DELIVERY_RETRY_DEAD_LETTER_QUEUE_ARN: arns['delivery-retry'],
      FAN_OUT_DEAD_LETTER_QUEUE_ARN: arns['fan-out'],
      PERMISSION_STREAM_FAILURES_ARN: arns['permission-stream'],
      DEAD_LETTER_RETRY_SECONDS: '7',
    });
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(async () => {
    aws.reset();
    for (const row of await table('DEAD_LETTERS_TABLE').all()) {
      await table('DEAD_LETTERS_TABLE').delete({ queue: row['queue'], arrival: row['arrival'] });
    }
  });

  async function record(...records: SQSRecord[]): Promise<string[]> {
    const { batchItemFailures } = await handler(sqsEvent(...records), lambdaContext());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  async function letters(queue: Queue): Promise<Row[]> {
    return (await table('DEAD_LETTERS_TABLE').of(queue)).filter(({ arrival }) => arrival !== '#waiting');
  }

  async function counted(queue: Queue): Promise<unknown> {
    return (await table('DEAD_LETTERS_TABLE').get({ queue, arrival: '#waiting' }))?.['waiting'];
  }

  async function only(queue: Queue, record_: SQSRecord): Promise<Row | undefined> {
    expect(await record(record_)).toEqual([]);
    const rows = await letters(queue);
    expect(rows).toHaveLength(1);
    return rows[0];
  }

  describe('what is recorded', () => {
    test('a FIFO message the service gave up: the original, where and why it failed, and what it is', async () => {
      const message = envelope({ payload: { chatId: 'chat-7', content: 'x', eventType: 'note' } });
      const given = letter('fifo', { body: message, sentAt: 1_700_000_000_123, groupId: 'group-7' });
      expect(await only('fifo', given)).toEqual({
        queue: 'fifo',
        arrival: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
        body: given.body,
        attributes: { targetChannel: { dataType: 'String', text: 'WebSocket' } },
        sqsMessageId: given.messageId,
        sentAt: '2023-11-14T22:13:20.123Z',
        groupId: 'group-7',
        sequenceNumber: given.attributes.SequenceNumber,
        receiveCount: 0,
        reason: 'failed: SomeError',
        stage: 'commit',
        readable: true,
        chatId: 'chat-7',
        senderId: 'ada',
        messageId: message.messageId,
        eventType: 'note',
        publishTimestamp: message.publishTimestamp,
        status: 'waiting',
        waitingIn: 'fifo',
      });
    });

    test('a body that nothing can read stays as it came, to the byte', async () => {
      const body = '{"version":1, "half": "\\ud800 \u00e9 \u{1F600}"';
      expect(await only('standard', letter('standard', { body }))).toMatchObject({ body, readable: false });
      const [row] = await letters('standard');
      expect(Object.keys(row ?? {})).not.toContain('chatId');
      expect(Object.keys(row ?? {})).not.toContain('groupId');
    });

    test('attributes that are not text', async () => {
      const given = letter('standard', { binary: { picture: 'AAEC' } });
      expect(await only('standard', given)).toMatchObject({
        attributes: { targetChannel: { text: 'WebSocket' }, picture: { dataType: 'Binary', binary: 'AAEC' } },
      });
    });

    test('the largest message that a queue takes', async () => {
      const body = 'x'.repeat(262_144 - 100);
      const batch = Array.from({ length: 10 }, () => letter('standard', { body }));
      expect(await record(...batch)).toEqual([]);
      expect(await counted('standard')).toBe(10);
      const [first] = await letters('standard');
      expect(first?.['body']).toBe(body);
    });

    test('undelivered frames of one connection: the chat and the connection', async () => {
      const body = JSON.stringify({ chatId: 'chat-1', subscriber: '00#ada', connectionId: 'c-1', frames: ['{}'] });
      expect(await only('delivery-retry', letter('delivery-retry', { body, moved: true }))).toMatchObject({
        readable: true,
        chatId: 'chat-1',
        connectionId: 'c-1',
      });
    });

    test('frames for one slot of a large chat: the chat', async () => {
      const body = JSON.stringify({ chatId: 'chat-1', slot: 63, frames: ['{}'], ordered: true });
      expect(await only('fan-out', letter('fan-out', { body, moved: true }))).toMatchObject({
        readable: true,
        chatId: 'chat-1',
      });
    });

    test('what Lambda notes about records of a stream that it gave up', async () => {
      const body = JSON.stringify({
        requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 31 },
        DDBStreamBatchInfo: { shardId: 'shard-1' },
      });
      expect(await only('permission-stream', letter('permission-stream', { body, attributes: {} }))).toMatchObject({
        readable: true,
        reason: 'given up: RetryAttemptsExhausted after 31 tries',
        stage: 'stream',
      });
    });
  });

  describe('why, where the service itself did not say', () => {
    test('SQS moved it: the function crashed or ran out of time, as often as it was received', async () => {
      const row = await only('fifo', letter('fifo', { attributes: {}, moved: true, receiveCount: 7 }));
      expect(row).toMatchObject({ reason: 'crash or timeout: received 6 times', receiveCount: 6 });
      expect(row).not.toHaveProperty('stage');
    });

    test('SQS moved it, and a publisher’s own attributes are called like ours: they stay, and say nothing', async () => {
      expect(await only('fifo', letter('fifo', { moved: true, receiveCount: 7 }))).toMatchObject({
        reason: 'crash or timeout: received 6 times',
        attributes: { reason: { text: 'failed: SomeError' }, stage: { text: 'commit' } },
      });
    });

    test('SNS could not hand it to the queue: what SNS says, which is no part of the message', async () => {
      const attributes = {
        targetChannel: 'WebSocket',
        RequestID: 'r',
        ErrorCode: 'NonExistentQueue',
        ErrorMessage: 'Gone.',
      };
      expect(await only('standard', letter('standard', { attributes }))).toMatchObject({
        reason: 'undeliverable: NonExistentQueue: Gone.',
        stage: 'subscription',
        attributes: { targetChannel: { dataType: 'String', text: 'WebSocket' } },
      });
    });
  });

  describe('what contradicts history', () => {
    const contradictions = ['conflict: messageId is already used', 'multi-part: closed', 'multi-part: totalParts'];
    const given = (reason: string): SQSRecord =>
      letter('fifo', { body: envelope(), attributes: { reason, stage: 'commit' } });

    test.each(contradictions)(
      'is recorded as discarded, for as long as settled letters are kept: %s',
      async (reason) => {
        const row = await only('fifo', given(reason));
        expect(row).toMatchObject({ reason, stage: 'commit', status: 'discarded', readable: true });
        expect(row?.['settledAt']).toMatch(/^\d{4}-.*Z$/);
        expect(row?.['expiresAt']).toBeCloseTo(inSeconds(30 * 86_400), -2);
        expect(row).not.toHaveProperty('waitingIn');
        expect(row).not.toHaveProperty('redriveId');
        expect(await counted('fifo')).toBeUndefined();
      },
    );

    test('is not counted among the letters that wait, also when it comes with them, or again', async () => {
      const [bad, good] = [given(contradictions[0] ?? ''), letter('fifo')];
      await record(bad, good);
      await record(bad);
      expect((await letters('fifo')).map(({ status }) => status).sort()).toEqual(['discarded', 'waiting']);
      expect(await counted('fifo')).toBe(1);
    });

    test('is only what the service says itself: other letters wait', async () => {
      const moved = letter('fifo', { attributes: { reason: 'conflict: no', stage: 'commit' }, moved: true });
      await record(moved, letter('fifo', { attributes: { reason: 'failed: conflict: x', stage: 'commit' } }));
      expect((await letters('fifo')).map(({ status }) => status)).toEqual(['waiting', 'waiting']);
    });
  });

  describe('arrival', () => {
    test('sorts by time, and on FIFO then by sequence number, however long it is', async () => {
      const sequences = ['99999999999999999999', '9', '18779423847239800000', '18779423847239800001'];
      const batch = [...sequences.map((sequence) => ({ sequence, sentAt: 5_000 })), { sequence: '0', sentAt: 6_000 }];
      for (const { sequence, sentAt } of batch) {
        const given = letter('fifo', { sentAt, groupId: sequence });
        await record({ ...given, attributes: { ...given.attributes, SequenceNumber: sequence } });
      }
      const inOrder = (await letters('fifo')).map((row) => row['sequenceNumber']);
      expect(inOrder).toEqual(['9', '18779423847239800000', '18779423847239800001', '99999999999999999999', '0']);
      for (const { arrival } of await letters('fifo')) expect(arrival).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    });

    test('two letters of the same moment are two', async () => {
      await record(letter('standard'), letter('standard'));
      expect(await letters('standard')).toHaveLength(2);
      expect(await counted('standard')).toBe(2);
    });
  });

  describe('once, whatever happens', () => {
    test('a batch is one transaction, which counts what it records', async () => {
      await record(letter('fifo'), letter('fifo'), letter('fifo'));
      expect(aws.actions).toEqual(['TransactWriteItems']);
      expect(await counted('fifo')).toBe(3);
      expect(await counted('standard')).toBeUndefined();
    });

    test('a letter that comes again, alone, twice in a batch or among new ones, is one letter', async () => {
      const [first, second] = [letter('standard'), letter('standard')];
      await record(first);
      await record(first);
      await record(second, first, second);
      expect(await letters('standard')).toHaveLength(2);
      expect(await counted('standard')).toBe(2);
    });

    test('a letter that was settled meanwhile stays settled', async () => {
      const given = letter('standard');
      await record(given);
      const [row = {}] = await letters('standard');
      const settled: Row = { ...row, status: 'redriven' };
      delete settled['waitingIn'];
      await table('DEAD_LETTERS_TABLE').put(settled);
      expect(await record(given)).toEqual([]);
      expect(await letters('standard')).toEqual([settled]);
      expect(await counted('standard')).toBe(1);
    });

    const faults: [string, Fault][] = [
      ['fails inside', { error: 'InternalServerError', status: 500 }],
      ['is throttled', { error: 'ThrottlingException' }],
      ['conflicts with another', { cancellation: ['None', 'None', 'TransactionConflict'] }],
      ['takes effect unheard', { dropReply: true }],
    ];
    test.each(faults)('a transaction that %s is done again, and counts once', async (_how, fault) => {
      aws.fail('TransactWriteItems', fault, { times: 1 });
      expect(await record(letter('fifo'), letter('fifo'))).toEqual([]);
      expect(await letters('fifo')).toHaveLength(2);
      expect(await counted('fifo')).toBe(2);
    });
  });

  describe('what cannot be recorded', () => {
    const refused: Fault = { error: 'ValidationException' };
    const holding = (body: string) => (input: Row) => JSON.stringify(input).includes(body);

    test('comes again soon; the others of its batch are recorded', async () => {
      const [bad, good] = [letter('standard', { body: 'bad' }), letter('standard', { body: 'good' })];
      aws.fail('TransactWriteItems', refused, { applies: holding('"bad"') });
      expect(await record(bad, good)).toEqual([bad.messageId]);
      expect((await letters('standard')).map((row) => row['body'])).toEqual(['good']);
      expect(await counted('standard')).toBe(1);
      expect(aws.inputs('ChangeMessageVisibilityBatch')).toEqual([
        {
          QueueUrl: 'https://sqs.us-east-1.amazonaws.com/000000000000/standard-dead',
          Entries: [{ Id: '0', ReceiptHandle: bad.receiptHandle, VisibilityTimeout: 7 }],
        },
      ]);
    });

    test('on FIFO keeps back those after it in its group, and no other group', async () => {
      const batch = ['a1', 'b1', 'a2', 'a3'].map((body) => letter('fifo', { body, groupId: body.slice(0, 1) }));
      aws.fail('TransactWriteItems', refused, { applies: holding('"a2"') });
      expect(await record(...batch)).toEqual([batch[2]?.messageId, batch[3]?.messageId]);
      expect((await letters('fifo')).map((row) => row['body']).sort()).toEqual(['a1', 'b1']);
    });

    test('on a standard queue keeps back nobody, of its group either', async () => {
      const batch = ['a1', 'a2', 'a3'].map((body) => letter('standard', { body, groupId: 'a' }));
      aws.fail('TransactWriteItems', refused, { applies: holding('"a2"') });
      expect(await record(...batch)).toEqual([batch[1]?.messageId]);
    });

    test('comes again even if the queue cannot be told when', async () => {
      aws.fail('*', { error: 'AccessDeniedException' });
      const given = letter('standard');
      expect(await record(given)).toEqual([given.messageId]);
    });

    test('all of it comes again when there is no time left', async () => {
      aws.fail('TransactWriteItems', refused, { times: 1 });
      const batch = [letter('standard'), letter('standard')];
      const { batchItemFailures } = await handler(sqsEvent(...batch), lambdaContext(remainingOf(10_000, 100)));
      expect(batchItemFailures).toHaveLength(2);
    });

    test('a queue that is none of the stack’s is an error', async () => {
      await expect(record(sqsRecord({ body: 'x', fifo: false }))).rejects.toThrow('not a dead-letter queue');
    });
  });
});

/** What is left at first, and from then on. */
function remainingOf(first: number, later: number): () => number {
  let asked = 0;
  return () => ((asked += 1) === 1 ? first : later);
}
