import './support/quiet.ts';
import { ulid } from 'ulid';
import { handler as publishOverSocket } from '../../functions/p2p-websocket-publisher/handler.ts';
import { Aws } from './support/aws.ts';
import { lambdaContext, socketMessage } from './support/events.ts';
import { table } from './support/tables.ts';

type Reply = Record<string, unknown>;

const chatId = 'chat-1';
const groupId = 'upload-1';
const group = `${chatId}#${groupId}`;

describe('publishing parts', () => {
  let aws: Aws;

  beforeAll(async () => {
    process.env['STANDARD_TOPIC_ARN'] = 'arn:aws:sns:us-east-1:000000000000:standard';
    process.env['FIFO_TOPIC_ARN'] = 'arn:aws:sns:us-east-1:000000000000:fifo.fifo';
    aws = await Aws.start();
    for (const userId of ['ada', 'bob']) await table('PERMISSIONS_TABLE').put({ userId, chatId, role: 'member' });
  });
  afterAll(() => aws.stop());

  /** Ada's group of five, of which the second part is there. */
  const secondPart = ulid();
  beforeEach(async () => {
    aws.reset();
    await begin();
    await table('MULTI_PART_TABLE').put({ group, item: 'part#0002', partNumber: 2, messageId: secondPart });
  });

  async function begin(status = 'open'): Promise<void> {
    await table('MULTI_PART_TABLE').put({ group, item: 'group', senderId: 'ada', totalParts: 5, received: 1, status });
  }

  async function send(partNumber: number, beside: object = {}, metadata: object = {}, userId = 'ada'): Promise<Reply> {
    const multiPartMetadata = { groupId, totalParts: 5, partNumber, ...metadata };
    const payload = { chatId, eventType: 'file', content: `part ${partNumber}`, multiPartMetadata };
    const body = { action: 'sendMessage', targetChannel: 'WebSocket', payload, ...beside };
    const answer = await publishOverSocket(socketMessage({ userId }, body), lambdaContext());
    return JSON.parse(answer.body ?? '') as Reply;
  }

  const refused = (error: string): Reply => ({ type: 'error', statusCode: 409, error });

  test('group and part are read with everything else, in one call', async () => {
    expect(await send(3, { messageId: ulid() })).toMatchObject({ type: 'reply' });
    expect([...aws.actions].sort()).toEqual(['BatchGetItem', 'Publish', 'UpdateItem', 'UpdateItem']);
    expect(aws.inputs('BatchGetItem')).toMatchObject([
      {
        RequestItems: {
          multi_part_table: {
            ConsistentRead: true,
            Keys: [
              { group: { S: group }, item: { S: 'group' } },
              { group: { S: group }, item: { S: 'part#0003' } },
            ],
          },
        },
      },
    ]);
  });

  test('the first part of a group is taken', async () => {
    expect(await send(1, {}, { groupId: 'another' })).toMatchObject({ type: 'reply' });
  });

  test.each([
    [
      'another number of parts',
      () => send(3, {}, { totalParts: 6 }),
      'expected totalParts to be 5, as the group was begun, got 6.',
    ],
    [
      'a group of somebody else',
      () => send(3, {}, {}, 'bob'),
      'expected groupId to be one that no other sender has begun, got "upload-1".',
    ],
    [
      'a number that another message has',
      () => send(2),
      `expected partNumber to be one that no other message has, got 2, which ${secondPart} has.`,
    ],
  ])('409 for %s; nothing is published, nothing counted', async (_what, sending, words) => {
    expect(await sending()).toEqual(refused(`Conflict: payload.multiPartMetadata: ${words}`));
    expect(aws.actions).toEqual(['BatchGetItem']);
  });

  test.each([
    ['completing', 'completed'],
    ['completed', 'completed'],
    ['expiring', 'incomplete'],
    ['incomplete', 'incomplete'],
  ])('409 for a part of a group that is %s', async (status, told) => {
    await begin(status);
    expect(await send(3)).toEqual(
      refused(
        `Conflict: payload.multiPartMetadata: expected groupId to be one of a group that is still open, got "upload-1", which is ${told}.`,
      ),
    );
  });

  test('a retry of a part that history holds is answered as before, whatever became of its group', async () => {
    const messageId = ulid();
    const multiPartMetadata = { groupId, totalParts: 5, partNumber: 4 };
    const payload = { chatId, eventType: 'file', content: 'part 4', multiPartMetadata };
    const said = { senderId: 'ada', messageType: 'standard', payload: JSON.stringify(payload) };
    await table('MESSAGES_TABLE').put({ chatId, messageId, ...said, publishTimestamp: '2026-01-01T00:00:00.000Z' });
    await table('MULTI_PART_TABLE').put({ group, item: 'part#0004', partNumber: 4, messageId });
    await begin('completed');
    expect(await send(4, { messageId })).toMatchObject({ type: 'reply', messageId });
    expect(aws.actions).toEqual(['BatchGetItem']);
  });

  test('a part that was registered while history was read is taken, not refused for its own sake', async () => {
    expect(await send(2, { messageId: secondPart })).toMatchObject({ type: 'reply', messageId: secondPart });
  });

  test('on another channel nothing is registered, so nothing is looked up', async () => {
    expect(await send(2, { targetChannel: 'Email' })).toMatchObject({ type: 'reply' });
    expect(JSON.stringify(aws.inputs('BatchGetItem'))).not.toContain('multi_part_table');
  });
});
