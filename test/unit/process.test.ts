import './support/quiet.ts';
import type { SQSRecord } from 'aws-lambda';
import { ulid } from 'ulid';
import { writeEnvelope, type Envelope } from '../../functions/domain/protocol/envelope.ts';
import { handler } from '../../functions/message-processor/handler.ts';
import { Aws, type Fault } from './support/aws.ts';
import { envelope, inSeconds, lambdaContext, sqsEvent, sqsRecord } from './support/events.ts';
import { table } from './support/tables.ts';

type Frame = Record<string, unknown>;

const queues = 'https://sqs.us-east-1.amazonaws.com/000000000000';
const queueUrls = {
  STANDARD_DEAD_LETTER_QUEUE_URL: `${queues}/standard-dead`,
  FIFO_DEAD_LETTER_QUEUE_URL: `${queues}/fifo-dead.fifo`,
  DELIVERY_RETRY_QUEUE_URL: `${queues}/retries`,
};

let chats = 0;

describe('the message processor', () => {
  let aws: Aws;
  /** A chat of its own for each test: the processor remembers heads. */
  let chatId: string;

  beforeAll(async () => {
    Object.assign(process.env, queueUrls);
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(() => {
    aws.reset();
    chats += 1;
    chatId = `chat-${chats}`;
  });

  async function deliver(...records: SQSRecord[]): Promise<string[]> {
    const { batchItemFailures } = await handler(sqsEvent(...records), lambdaContext());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  /** A numbered FIFO message to this test's chat. */
  function numbered(content: unknown = 'hello', said: Partial<Envelope> = {}): Envelope {
    return envelope({ generateSequence: true, ...said, payload: { chatId, eventType: 'chat', content } });
  }

  function standard(content: unknown = 'hello', said: Partial<Envelope> = {}): Envelope {
    return envelope({ messageType: 'standard', ...said, payload: { chatId, eventType: 'chat', content } });
  }

  async function subscribe(connectionId: string, row: object = {}): Promise<void> {
    await table('CONNECTIONS_TABLE').put({ connectionId, userId: connectionId });
    await table('SUBSCRIPTIONS_TABLE').put({
      chatId,
      subscriber: `00#${connectionId}#${connectionId}`,
      connectionId,
      userId: connectionId,
      frames: 'single',
      connectedAt: '2026-01-01T00:00:00.000Z',
      accessExpiresAt: inSeconds(600),
      ...row,
    });
  }

  function framesOf(connectionId: string): Frame[] {
    return (aws.received.get(connectionId) ?? []).map((frame) => JSON.parse(frame) as Frame);
  }

  function contentsOf(connectionId: string): unknown[] {
    return framesOf(connectionId).map(({ content }) => content);
  }

  async function history(): Promise<[unknown, unknown][]> {
    const rows = await table('MESSAGES_TABLE').of(chatId);
    return rows
      .map(({ sequence, payload }): [unknown, unknown] => [
        sequence,
        (JSON.parse(String(payload)) as { content: unknown }).content,
      ])
      .sort(([a], [b]) => Number(a ?? 0) - Number(b ?? 0));
  }

  const head = async (): Promise<unknown> => (await table('CHATS_TABLE').get({ chatId }))?.['sequence'];
  const postsTo = (connectionId: string) => (input: Frame) => input['connectionId'] === connectionId;

  describe('commit', () => {
    test('a message becomes history, with all that history needs', async () => {
      const message = numbered(
        { text: 'hi' },
        { messageGroupId: 'room', publishTimestamp: '2026-02-03T04:05:06.789Z' },
      );
      expect(await deliver(sqsRecord({ body: message }))).toEqual([]);
      expect(await table('MESSAGES_TABLE').of(chatId)).toEqual([
        {
          chatId,
          messageId: message.messageId,
          senderId: 'ada',
          eventType: 'chat',
          messageType: 'fifo',
          messageGroupId: 'room',
          payload: JSON.stringify(message.payload),
          publishTimestamp: '2026-02-03T04:05:06.789Z',
          sequence: 1,
          expiresAt: expect.closeTo(inSeconds(30 * 86_400), -1),
        },
      ]);
    });

    test('a run is one transaction and one query, and its numbers are consecutive', async () => {
      await deliver(...['a', 'b', 'c'].map((content) => sqsRecord({ body: numbered(content) })));
      expect(aws.actions).toEqual(['TransactWriteItems', 'Query']);
      expect(await history()).toEqual([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ]);
      expect(await head()).toBe(3);
    });

    test('a warm function goes on from the head it knows, without reading', async () => {
      await deliver(sqsRecord({ body: numbered('a') }));
      aws.reset();
      await deliver(sqsRecord({ body: numbered('b') }));
      expect(aws.actions).toEqual(['TransactWriteItems', 'Query']);
      expect(await head()).toBe(2);
    });

    test('a head that moved meanwhile is learnt from the refusal', async () => {
      await deliver(sqsRecord({ body: numbered('a') }));
      await table('CHATS_TABLE').put({ chatId, sequence: 41, adminCount: 1 });
      aws.reset();
      await deliver(sqsRecord({ body: numbered('b') }));
      expect(aws.actions).toEqual(['TransactWriteItems', 'TransactWriteItems', 'Query']);
      expect(await table('CHATS_TABLE').get({ chatId })).toEqual({ chatId, sequence: 42, adminCount: 1 });
    });

    test('a chat that exists without a number yet starts at 1', async () => {
      await table('CHATS_TABLE').put({ chatId, adminCount: 1 });
      await deliver(sqsRecord({ body: numbered() }));
      expect(await head()).toBe(1);
    });

    test('a message delivered again keeps its number, costs none, and goes out as history has it', async () => {
      await subscribe('bob');
      const again = numbered('again');
      await deliver(sqsRecord({ body: again }));
      aws.reset();
      await deliver(
        sqsRecord({ body: numbered('new') }),
        sqsRecord({ body: { ...again, publishTimestamp: '2026-06-06T00:00:00.000Z' }, receiveCount: 2 }),
        sqsRecord({ body: numbered('newer') }),
      );
      expect(await history()).toEqual([
        [1, 'again'],
        [2, 'new'],
        [3, 'newer'],
      ]);
      expect(framesOf('bob').map(({ sequence, content }) => [sequence, content])).toEqual([
        [2, 'new'],
        [1, 'again'],
        [3, 'newer'],
      ]);
      expect(framesOf('bob')[1]).toMatchObject({
        publishTimestamp: again.publishTimestamp,
        sqsMetadata: { retryCount: 1 },
      });
    });

    test('a message twice in one run is committed and delivered once', async () => {
      await subscribe('bob');
      const twice = numbered('twice');
      await deliver(sqsRecord({ body: twice }), sqsRecord({ body: twice }));
      expect(await history()).toEqual([[1, 'twice']]);
      expect(contentsOf('bob')).toEqual(['twice']);
    });

    test('a commit whose answer was lost is not made twice', async () => {
      aws.fail('TransactWriteItems', { dropReply: true }, { times: 1 });
      expect(await deliver(sqsRecord({ body: numbered('a') }))).toEqual([]);
      await deliver(sqsRecord({ body: numbered('b') }));
      expect(await history()).toEqual([
        [1, 'a'],
        [2, 'b'],
      ]);
    });

    test('losing against another transaction is not a failure', async () => {
      aws.fail('TransactWriteItems', { cancellation: ['TransactionConflict', 'None'] }, { times: 3 });
      expect(await deliver(sqsRecord({ body: numbered() }))).toEqual([]);
      expect(await head()).toBe(1);
    });

    test('messages that ask for no number leave the head alone', async () => {
      await deliver(sqsRecord({ body: standard('a'), fifo: false }), sqsRecord({ body: standard('b'), fifo: false }));
      expect((await history()).map(([sequence]) => sequence)).toEqual([undefined, undefined]);
      expect(await head()).toBeUndefined();
      expect(aws.actions).toEqual(['TransactWriteItems', 'Query']);
    });

    test.each(['ValidationException', 'SerializationException'])(
      'one message that DynamoDB refuses does not take its transaction with it: %s',
      async (error) => {
        const refusesB = (input: Frame): boolean => JSON.stringify(input).includes('poison');
        aws.fail('TransactWriteItems', { error }, { applies: refusesB });
        const poison = sqsRecord({ body: standard('poison'), fifo: false });
        const failed = await deliver(
          sqsRecord({ body: standard('a'), fifo: false }),
          poison,
          sqsRecord({ body: standard('c'), fifo: false }),
        );
        expect(failed).toEqual([poison.messageId]);
        expect((await history()).map(([, content]) => content).sort()).toEqual(['a', 'c']);
      },
    );
  });

  describe('frames', () => {
    test('numbered, FIFO', async () => {
      await subscribe('bob');
      const multiPartMetadata = { groupId: 'file', totalParts: 2, partNumber: 1 };
      const message = numbered('hi', { messageGroupId: 'room' });
      message.payload['multiPartMetadata'] = multiPartMetadata;
      const record = sqsRecord({ body: message });
      await deliver(record);
      expect(framesOf('bob')).toEqual([
        {
          chatId,
          eventType: 'chat',
          content: 'hi',
          multiPartMetadata,
          messageId: message.messageId,
          senderId: 'ada',
          publishTimestamp: message.publishTimestamp,
          sequence: 1,
          customSequence: { number: 1, scope: chatId, timestamp: message.publishTimestamp },
          sqsMetadata: {
            sequenceNumber: record.attributes.SequenceNumber,
            messageGroupId: 'room',
            messageId: record.messageId,
            retryCount: 0,
          },
        },
      ]);
    });

    test('standard, with a sequence of the sender’s own', async () => {
      await subscribe('bob');
      const customSequence = { number: 9, scope: 'game' };
      const message = standard('hi');
      message.payload['customSequence'] = customSequence;
      const record = sqsRecord({ body: message, fifo: false, receiveCount: 2 });
      await deliver(record);
      expect(framesOf('bob')).toEqual([
        {
          chatId,
          eventType: 'chat',
          content: 'hi',
          customSequence,
          messageId: message.messageId,
          senderId: 'ada',
          publishTimestamp: message.publishTimestamp,
          sqsMetadata: { messageId: record.messageId, retryCount: 1 },
        },
      ]);
    });

    test('several messages of a run come in one frame to who asked for that', async () => {
      await subscribe('bob', { frames: 'batch' });
      await subscribe('carol');
      await deliver(...['a', 'b', 'c'].map((content) => sqsRecord({ body: numbered(content) })));
      expect(framesOf('bob')).toEqual([{ type: 'batch', messages: framesOf('carol') }]);
      expect(contentsOf('carol')).toEqual(['a', 'b', 'c']);
    });

    test('one message comes plain even to who asked for batches', async () => {
      await subscribe('bob', { frames: 'batch' });
      await deliver(sqsRecord({ body: numbered('a') }));
      expect(contentsOf('bob')).toEqual(['a']);
    });
  });

  describe('fan-out', () => {
    test('every subscriber gets every message, in order; whose access has ended gets nothing', async () => {
      await Promise.all(['bob', 'carol', 'dave'].map((id) => subscribe(id)));
      await subscribe('ended', { accessExpiresAt: inSeconds(-1) });
      const contents = ['a', 'b', 'c', 'd', 'e'];
      await deliver(...contents.map((content) => sqsRecord({ body: numbered(content) })));
      for (const id of ['bob', 'carol', 'dave']) expect(contentsOf(id)).toEqual(contents);
      expect(aws.received.has('ended')).toBe(false);
    });

    test('a post that fails is handed on for that connection alone, with all that follows it', async () => {
      await subscribe('bob');
      await subscribe('carol');
      const isB = (input: Frame): boolean => postsTo('bob')(input) && String(input['frame']).includes('"b"');
      aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 }, { applies: isB });
      const records = ['a', 'b', 'c'].map((content) => sqsRecord({ body: numbered(content) }));
      expect(await deliver(...records)).toEqual([]);
      expect(contentsOf('carol')).toEqual(['a', 'b', 'c']);
      expect(contentsOf('bob')).toEqual(['a']);
      const handed = handedOn();
      expect(handed).toEqual([
        { chatId, subscriber: '00#bob#bob', connectionId: 'bob', frames: [expect.any(String), expect.any(String)] },
      ]);
      expect(handed[0]?.frames.map((frame) => (JSON.parse(frame) as Frame)['content'])).toEqual(['b', 'c']);
    });

    test('a connection that is gone loses its rows, and is not tried again', async () => {
      await subscribe('bob');
      aws.fail('PostToConnection', { error: 'GoneException', status: 410 });
      expect(await deliver(sqsRecord({ body: numbered() }), sqsRecord({ body: numbered() }))).toEqual([]);
      expect(await table('SUBSCRIPTIONS_TABLE').of(chatId)).toEqual([]);
      expect(await table('CONNECTIONS_TABLE').get({ connectionId: 'bob' })).toBeUndefined();
      expect(aws.inputs('PostToConnection')).toHaveLength(1);
      expect(handedOn()).toEqual([]);
    });

    test('a connection that may not be open yet keeps its rows, and is tried again', async () => {
      await subscribe('bob', { connectedAt: new Date().toISOString() });
      aws.fail('PostToConnection', { error: 'GoneException', status: 410 });
      await deliver(sqsRecord({ body: numbered() }));
      expect(await table('SUBSCRIPTIONS_TABLE').of(chatId)).toHaveLength(1);
      expect(handedOn()).toHaveLength(1);
    });

    test('a throttled post waits a little, and then takes its turn elsewhere', async () => {
      await subscribe('bob');
      await subscribe('carol');
      const throttled: Fault = { error: 'LimitExceededException', status: 429 };
      aws.fail('PostToConnection', throttled, { applies: postsTo('bob'), times: 1 });
      aws.fail('PostToConnection', throttled, { applies: postsTo('carol') });
      await deliver(sqsRecord({ body: numbered('a') }));
      expect(contentsOf('bob')).toEqual(['a']);
      expect(handedOn().map(({ connectionId }) => connectionId)).toEqual(['carol']);
    });

    test('a frame that is too large is left out; the next one is delivered', async () => {
      await subscribe('bob');
      aws.fail('PostToConnection', { error: 'PayloadTooLargeException', status: 413 }, { times: 1 });
      await deliver(sqsRecord({ body: numbered('a') }), sqsRecord({ body: numbered('b') }));
      expect(contentsOf('bob')).toEqual(['b']);
      expect(handedOn()).toEqual([]);
    });

    test('a slow connection is handed on after a second, and holds up nobody', async () => {
      await subscribe('bob');
      await subscribe('carol');
      aws.fail('PostToConnection', { afterMs: 3_000 }, { applies: postsTo('bob') });
      await deliver(sqsRecord({ body: numbered('a') }), sqsRecord({ body: numbered('b') }));
      expect(contentsOf('carol')).toEqual(['a', 'b']);
      expect(handedOn()).toMatchObject([{ connectionId: 'bob', frames: [expect.any(String), expect.any(String)] }]);
    });

    test('a connection that the retry queue does not take is closed, so that its client comes back and replays', async () => {
      await subscribe('bob');
      await subscribe('carol');
      aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 }, { applies: postsTo('bob') });
      aws.fail('SendMessageBatch', { error: 'AccessDenied', status: 403 });
      expect(await deliver(sqsRecord({ body: numbered('a') }))).toEqual([]);
      expect(aws.inputs('DeleteConnection')).toMatchObject([{ connectionId: 'bob' }]);
      expect(contentsOf('carol')).toEqual(['a']);
    });

    test('of connections in one call to the retry queue only those that it refuses are closed', async () => {
      await subscribe('bob');
      await subscribe('carol');
      aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 });
      aws.fail('SendMessageBatch', { answer: { Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }] } });
      expect(await deliver(sqsRecord({ body: numbered('a') }))).toEqual([]);
      const [{ Entries = [] } = {}] = aws.inputs<{ Entries: { MessageBody: string }[] }>('SendMessageBatch');
      const { connectionId } = JSON.parse(Entries[1]?.MessageBody ?? '') as { connectionId: string };
      expect(aws.inputs('DeleteConnection')).toMatchObject([{ connectionId }]);
    });

    test('not even a connection that cannot be closed then fails the message', async () => {
      await subscribe('bob');
      aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 });
      aws.fail('SendMessageBatch', { error: 'AccessDenied', status: 403 });
      aws.fail('DeleteConnection', { error: 'ForbiddenException', status: 403 });
      expect(await deliver(sqsRecord({ body: numbered() }))).toEqual([]);
    });

    test('what does not fit before the timeout is handed on', async () => {
      await Promise.all(['bob', 'carol'].map((id) => subscribe(id)));
      let committed = false;
      const remaining = (): number => (committed ? 100 : 10_000);
      const isFirstPost = (): boolean => (committed = true);
      aws.fail('PostToConnection', { afterMs: 50 }, { applies: isFirstPost });
      const { batchItemFailures } = await handler(
        sqsEvent(...['a', 'b'].map((content) => sqsRecord({ body: numbered(content) }))),
        lambdaContext(remaining),
      );
      expect(batchItemFailures).toEqual([]);
      const handed = handedOn().flatMap(({ connectionId, frames }) =>
        frames.map((frame) => [connectionId, (JSON.parse(frame) as Frame)['content']]),
      );
      expect(handed.sort()).toEqual([
        ['bob', 'b'],
        ['carol', 'b'],
      ]);
    });
  });

  describe('failure', () => {
    test('a transient failure returns the record and the later ones of its group, soon; other groups go on', async () => {
      const other = `${chatId}-other`;
      aws.fail('TransactWriteItems', { error: 'InternalServerError', status: 500 }, { applies: commitsTo(chatId) });
      const failing = [1, 2].map((receiveCount) => sqsRecord({ body: numbered(), receiveCount, groupId: 'a' }));
      const healthy = sqsRecord({ body: envelope({ payload: { chatId: other } }), groupId: 'b' });
      expect(await deliver(...failing, healthy)).toEqual(failing.map(({ messageId }) => messageId));
      expect(await table('MESSAGES_TABLE').of(other)).toHaveLength(1);
      expect(visibilities()).toEqual(failing.map(({ receiptHandle }) => [receiptHandle, 5]));
    });

    test('the second time it waits longer', async () => {
      aws.fail('Query', { error: 'AccessDeniedException' });
      const record = sqsRecord({ body: numbered(), receiveCount: 2 });
      expect(await deliver(record)).toEqual([record.messageId]);
      expect(visibilities()).toEqual([[record.receiptHandle, 20]]);
    });

    test('on FIFO a run that follows a failed one of its group is not even tried', async () => {
      const other = `${chatId}-other`;
      aws.fail('TransactWriteItems', { error: 'AccessDeniedException' }, { applies: commitsTo(chatId) });
      const first = sqsRecord({ body: numbered() });
      const second = sqsRecord({ body: envelope({ payload: { chatId: other } }) });
      expect(await deliver(first, second)).toEqual([first.messageId, second.messageId]);
      expect(await table('MESSAGES_TABLE').of(other)).toEqual([]);
    });

    test('the third failure makes a dead letter, and counts as handled; a fresher follower comes again', async () => {
      aws.fail('TransactWriteItems', { error: 'AccessDeniedException' });
      const spent = sqsRecord({ body: numbered('spent'), receiveCount: 3, groupId: 'the-group' });
      const fresh = sqsRecord({ body: numbered('fresh'), receiveCount: 1, groupId: 'the-group' });
      expect(await deliver(spent, fresh)).toEqual([fresh.messageId]);
      expect(aws.inputs('SendMessage')).toEqual([
        {
          QueueUrl: queueUrls.FIFO_DEAD_LETTER_QUEUE_URL,
          MessageBody: spent.body,
          MessageAttributes: {
            reason: { DataType: 'String', StringValue: 'failed: AccessDeniedException' },
            stage: { DataType: 'String', StringValue: 'commit' },
            targetChannel: { DataType: 'String', StringValue: 'WebSocket' },
          },
          MessageGroupId: 'the-group',
          MessageDeduplicationId: spent.messageId,
        },
      ]);
    });

    test('subscribers that cannot be read: the stage says so', async () => {
      aws.fail('Query', { error: 'AccessDeniedException' });
      expect(await deliver(sqsRecord({ body: standard(), fifo: false, receiveCount: 3 }))).toEqual([]);
      expect(aws.inputs('SendMessage')).toMatchObject([
        {
          QueueUrl: queueUrls.STANDARD_DEAD_LETTER_QUEUE_URL,
          MessageAttributes: { stage: { StringValue: 'subscribers' } },
        },
      ]);
      expect(aws.inputs('SendMessage')[0]).not.toHaveProperty('MessageGroupId');
    });

    test('a group on a standard queue says nothing of order: who fails comes again alone, and as a dead letter keeps it', async () => {
      const groupId = 'the-chat';
      const failing = sqsRecord({ body: 'not JSON', fifo: false, groupId });
      aws.fail('SendMessage', { error: 'AccessDenied', status: 403 }, { times: 1 });
      expect(await deliver(failing, sqsRecord({ body: standard(), fifo: false, groupId }))).toEqual([
        failing.messageId,
      ]);
      expect(await deliver(failing)).toEqual([]);
      expect(aws.inputs('SendMessage').at(-1)).toMatchObject({ MessageBody: 'not JSON', MessageGroupId: groupId });
      expect(aws.inputs('SendMessage').at(-1)).not.toHaveProperty('MessageDeduplicationId');
    });

    test.each([
      ['no JSON', 'not JSON', 'unreadable: not JSON'],
      ['JSON that is no envelope', '{"version":1}', 'unreadable: not an envelope: messageId is not as expected'],
      ['an envelope of a later version', '{"version":2}', 'unreadable: not an envelope: version is not as expected'],
      [
        'a payload that poses as the service',
        writeEnvelope(envelope({ payload: { senderId: 'admin' } })),
        'unreadable: not an envelope: payload.senderId is reserved',
      ],
    ])('%s is a dead letter at once, and its group goes on', async (_what, body, reason) => {
      const unreadable = sqsRecord({ body });
      expect(await deliver(unreadable, sqsRecord({ body: numbered('next') }))).toEqual([]);
      expect(aws.inputs('SendMessage')).toMatchObject([
        { MessageBody: body, MessageAttributes: { reason: { StringValue: reason }, stage: { StringValue: 'parse' } } },
      ]);
      expect(await history()).toEqual([[1, 'next']]);
    });

    test('a message under the id of another is a dead letter; its group goes on', async () => {
      await subscribe('bob');
      const messageId = ulid();
      await deliver(sqsRecord({ body: numbered('first', { messageId }) }));
      await deliver(
        sqsRecord({ body: numbered('other', { messageId }) }),
        sqsRecord({ body: numbered('first', { messageId, senderId: 'mallory' }) }),
        sqsRecord({ body: numbered('next') }),
      );
      expect(await history()).toEqual([
        [1, 'first'],
        [2, 'next'],
      ]);
      expect(contentsOf('bob')).toEqual(['first', 'next']);
      const conflict = {
        reason: { StringValue: 'conflict: messageId is already used' },
        stage: { StringValue: 'commit' },
      };
      expect(aws.inputs('SendMessage')).toMatchObject([
        { MessageAttributes: conflict },
        { MessageAttributes: conflict },
      ]);
    });

    test('a dead letter that cannot be sent stays in its queue, with what follows it', async () => {
      aws.fail('SendMessage', { error: 'AccessDenied', status: 403 });
      const unreadable = sqsRecord({ body: '{}' });
      const next = sqsRecord({ body: numbered() });
      expect(await deliver(unreadable, next)).toEqual([unreadable.messageId, next.messageId]);
    });

    test('without time to begin, everything comes again', async () => {
      const record = sqsRecord({ body: numbered(), receiveCount: 3 });
      let asked = 0;
      const remaining = (): number => (asked++ === 0 ? 10_000 : 100);
      const { batchItemFailures } = await handler(sqsEvent(record), lambdaContext(remaining));
      expect(batchItemFailures).toEqual([{ itemIdentifier: record.messageId }]);
      expect(aws.actions).toEqual(['ChangeMessageVisibilityBatch']);
    });
  });

  function commitsTo(chat: string): (input: Frame) => boolean {
    return (input) => JSON.stringify(input).includes(`"${chat}"`);
  }

  function handedOn(): { connectionId: string; frames: string[] }[] {
    const entries = aws
      .inputs<{ Entries: { MessageBody: string }[] }>('SendMessageBatch')
      .flatMap((input) => input.Entries);
    return entries.map(({ MessageBody }) => JSON.parse(MessageBody) as { connectionId: string; frames: string[] });
  }

  function visibilities(): unknown[] {
    return aws
      .inputs<{ Entries: { ReceiptHandle: string; VisibilityTimeout: number }[] }>('ChangeMessageVisibilityBatch')
      .flatMap(({ Entries }) =>
        Entries.map(({ ReceiptHandle, VisibilityTimeout }) => [ReceiptHandle, VisibilityTimeout]),
      );
  }
});
