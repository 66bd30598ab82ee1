import './support/quiet.ts';
import { handler } from '../../functions/delivery-retry/handler.ts';
import { Aws } from './support/aws.ts';
import { inSeconds, lambdaContext, sqsEvent, sqsRecord } from './support/events.ts';
import { table } from './support/tables.ts';

const chatId = 'chat-1';

describe('the retry of a delivery', () => {
  let aws: Aws;

  beforeAll(async () => {
    process.env['DELIVERY_RETRY_QUEUE_URL'] = 'https://sqs.us-east-1.amazonaws.com/000000000000/retries';
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  async function subscribe(connectionId: string, row: object = {}): Promise<void> {
    await table('CONNECTIONS_TABLE').put({ connectionId, userId: connectionId });
    await table('SUBSCRIPTIONS_TABLE').put({
      chatId,
      subscriber: `00#${connectionId}`,
      connectionId,
      frames: 'single',
      connectedAt: '2026-01-01T00:00:00.000Z',
      accessExpiresAt: inSeconds(600),
      ...row,
    });
  }

  const subscription = (connectionId: string) =>
    table('SUBSCRIPTIONS_TABLE').get({ chatId, subscriber: `00#${connectionId}` });

  function undelivered(connectionId: string, receiveCount: number, frames = ['{"n":1}', '{"n":2}']) {
    const body = JSON.stringify({ chatId, subscriber: `00#${connectionId}`, connectionId, frames });
    return sqsRecord({ body, receiveCount, fifo: false });
  }

  async function retry(...records: ReturnType<typeof undelivered>[]): Promise<string[]> {
    const { batchItemFailures } = await handler(sqsEvent(...records), lambdaContext());
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  function visibilities(): unknown[] {
    return aws
      .inputs<{ Entries: { ReceiptHandle: string; VisibilityTimeout: number }[] }>('ChangeMessageVisibilityBatch')
      .flatMap(({ Entries }) => Entries.map(({ VisibilityTimeout }) => VisibilityTimeout));
  }

  test('posts the frames in order', async () => {
    await subscribe('bob');
    expect(await retry(undelivered('bob', 1))).toEqual([]);
    expect(aws.received.get('bob')).toEqual(['{"n":1}', '{"n":2}']);
  });

  test.each([
    ['is gone', undefined],
    ['gives access no more', { accessExpiresAt: inSeconds(-1) }],
  ])('posts nothing when the subscription %s', async (how, row) => {
    const connectionId = how.replaceAll(' ', '-');
    if (row) await subscribe(connectionId, row);
    expect(await retry(undelivered(connectionId, 1))).toEqual([]);
    expect(aws.actions).toEqual(['GetItem']);
    expect(aws.inputs('GetItem')).toMatchObject([{ ConsistentRead: true }]);
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 8],
  ])('after try %i it waits %i s; others of the batch are settled', async (tries, seconds) => {
    await subscribe('bob');
    await subscribe('carol');
    aws.fail(
      'PostToConnection',
      { error: 'InternalServerError', status: 500 },
      { applies: (input) => input['connectionId'] === 'bob' },
    );
    const failing = undelivered('bob', tries);
    expect(await retry(failing, undelivered('carol', 1))).toEqual([failing.messageId]);
    expect(visibilities()).toEqual([seconds]);
    expect(aws.received.get('carol')).toHaveLength(2);
  });

  test('what is left after some frames arrived is tried on its own, from the beginning: nothing arrives twice', async () => {
    await subscribe('bob');
    const second = (input: Record<string, unknown>): boolean => input['frame'] === '{"n":2}';
    aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 }, { applies: second });
    expect(await retry(undelivered('bob', 5, ['{"n":1}', '{"n":2}', '{"n":3}']))).toEqual([]);
    expect(aws.received.get('bob')).toEqual(['{"n":1}']);
    expect(aws.inputs('SendMessageBatch')).toMatchObject([{ Entries: [{ DelaySeconds: 1 }] }]);
    const [sent] = aws.inputs<{ Entries: { MessageBody: string }[] }>('SendMessageBatch');
    expect(JSON.parse(sent?.Entries[0]?.MessageBody ?? '')).toEqual({
      chatId,
      subscriber: '00#bob',
      connectionId: 'bob',
      frames: ['{"n":2}', '{"n":3}'],
    });
    expect(await subscription('bob')).toBeDefined();
  });

  test('after the fifth try the connection is closed and its rows removed, so that its client replays', async () => {
    await subscribe('bob');
    await table('SUBSCRIPTIONS_TABLE').put({ chatId: 'chat-2', subscriber: '00#bob', connectionId: 'bob' });
    aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 });
    expect(await retry(undelivered('bob', 5))).toEqual([]);
    expect(aws.inputs('DeleteConnection')).toMatchObject([{ connectionId: 'bob' }]);
    expect(await subscription('bob')).toBeUndefined();
    expect(await table('SUBSCRIPTIONS_TABLE').of('chat-2')).toEqual([]);
    expect(await table('CONNECTIONS_TABLE').get({ connectionId: 'bob' })).toBeUndefined();
  });

  test('a connection that closed by itself meanwhile is closed', async () => {
    await subscribe('bob');
    aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 });
    aws.fail('DeleteConnection', { error: 'GoneException', status: 410 });
    expect(await retry(undelivered('bob', 5))).toEqual([]);
    expect(await subscription('bob')).toBeUndefined();
  });

  test('a connection that cannot be closed keeps its rows, and is tried again', async () => {
    await subscribe('bob');
    aws.fail('PostToConnection', { error: 'InternalServerError', status: 500 });
    aws.fail('DeleteConnection', { error: 'ForbiddenException', status: 403 });
    const record = undelivered('bob', 5);
    expect(await retry(record)).toEqual([record.messageId]);
    expect(visibilities()).toEqual([8]);
    expect(await subscription('bob')).toBeDefined();
  });

  test('a connection that is gone loses its rows at once', async () => {
    await subscribe('bob');
    aws.fail('PostToConnection', { error: 'GoneException', status: 410 });
    expect(await retry(undelivered('bob', 1))).toEqual([]);
    expect(await subscription('bob')).toBeUndefined();
    expect(aws.inputs('DeleteConnection')).toEqual([]);
  });

  test('a connection that may not be open yet is tried again', async () => {
    await subscribe('bob', { connectedAt: new Date().toISOString() });
    aws.fail('PostToConnection', { error: 'GoneException', status: 410 }, { times: 1 });
    const record = undelivered('bob', 1);
    expect(await retry(record)).toEqual([record.messageId]);
    expect(await retry(undelivered('bob', 2))).toEqual([]);
    expect(aws.received.get('bob')).toHaveLength(2);
  });

  test('a subscription that cannot be read is tried again', async () => {
    aws.fail('GetItem', { error: 'AccessDeniedException' });
    const record = undelivered('bob', 2);
    expect(await retry(record)).toEqual([record.messageId]);
    expect(visibilities()).toEqual([2]);
  });

  test('something unreadable is dropped', async () => {
    expect(await retry(sqsRecord({ body: '{"frames":1}', fifo: false }))).toEqual([]);
    expect(aws.actions).toEqual([]);
  });
});
