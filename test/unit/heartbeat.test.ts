import './support/quiet.ts';
import { handler } from '../../functions/heartbeat/handler.ts';
import { answerOf } from './support/answer.ts';
import { Aws } from './support/aws.ts';
import { inSeconds } from './support/events.ts';
import { personOnline } from './support/person.ts';
import { table } from './support/tables.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('the heartbeat function', () => {
  let aws: Aws;

  beforeAll(async () => {
    aws = await Aws.start();
    await table('CHATS_TABLE').put({ chatId: 'chat-1', sequence: 7 }, { chatId: 'secret', sequence: 9 });
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  test('tells the heads of the chats the connection gets, and names those it does not', async () => {
    const ada = await personOnline('ada', ['chat-1', 'quiet', 'ended']);
    const { subscriber, shared } = ada;
    await table('SUBSCRIPTIONS_TABLE').put({
      ...shared,
      chatId: 'ended',
      subscriber,
      accessExpiresAt: inSeconds(-1),
    });
    const positions = { 'chat-1': 5, secret: 0, quiet: 0, ended: 3, ada: 0, 'no chat!': 1, '': 1 };
    expect(await answerOf(handler, ada, { action: 'ping', positions, ackId: 1 })).toEqual({
      type: 'pong',
      serverTime: expect.stringMatching(isoTime),
      heads: { 'chat-1': 7, quiet: 0, ada: 0 },
      notSubscribed: ['secret', 'ended', 'no chat!', ''],
      ackId: 1,
    });
    expect(aws.actions).toEqual(['BatchGetItem']);
  });

  test('another connection’s subscription is not one’s own', async () => {
    await personOnline('ada', ['chat-1']);
    const second = await personOnline('ada');
    expect(await answerOf(handler, second, { action: 'ping', positions: { 'chat-1': 7 } })).toMatchObject({
      heads: {},
      notSubscribed: ['chat-1'],
    });
  });

  test('without positions it says what time it is', async () => {
    const ada = await personOnline('ada');
    expect(await answerOf(handler, ada, { action: 'ping' })).toEqual({
      type: 'pong',
      serverTime: expect.stringMatching(isoTime),
      heads: {},
      notSubscribed: [],
    });
  });

  test('50 chats are one question', async () => {
    const positions = Object.fromEntries(Array.from({ length: 50 }, (_chat, index) => [`chat-${index}`, 0]));
    const reply = await answerOf(handler, await personOnline('ada'), { action: 'ping', positions });
    expect(reply['notSubscribed']).toHaveLength(50);
  });

  test.each([
    ['a list', ['chat-1']],
    ['a text for a number', { 'chat-1': '5' }],
    ['a broken number', { 'chat-1': 1.5 }],
    ['a number below 0', { 'chat-1': -1 }],
    ['nothing', null],
    ['51 chats', Object.fromEntries(Array.from({ length: 51 }, (_chat, index) => [`chat-${index}`, 0]))],
  ])('positions with %s are refused', async (_what, positions) => {
    const reply = await answerOf(handler, { userId: 'ada' }, { action: 'ping', positions });
    expect(reply).toMatchObject({ type: 'error', statusCode: 400 });
    expect(reply['error']).toMatch(
      /^Invalid positions: expected an object of at most 50 chat ids, each with its last sequence, got /,
    );
    expect(aws.actions).toEqual([]);
  });

  test('a token that has ended is refused', async () => {
    const ada = await personOnline('ada', ['chat-1'], inSeconds(-1));
    expect(await answerOf(handler, ada, { action: 'ping', positions: { 'chat-1': 1 } })).toMatchObject({
      error: 'Unauthorized - token expired',
      statusCode: 401,
    });
  });

  test('a failure of AWS is told as one', async () => {
    aws.fail('BatchGetItem', { error: 'ResourceNotFoundException' });
    expect(await answerOf(handler, { userId: 'ada' }, { action: 'ping' })).toMatchObject({
      error: 'Failed to answer the ping',
      statusCode: 500,
    });
  });
});
