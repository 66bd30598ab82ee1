import './support/quiet.ts';
import type { DynamoDBRecord } from 'aws-lambda';
import { handler } from '../../functions/permission-stream/handler.ts';
import { subscriberKey } from '../../functions/domain/connecting/subscriber.ts';
import { Aws } from './support/aws.ts';
import { inSeconds, lambdaContext } from './support/events.ts';
import { table } from './support/tables.ts';

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());
afterEach(() => aws.reset());

let people = 0;
let records = 0;

/** Somebody new with sockets that listen to a chat, and what the stream tells of their permission. */
class Member {
  readonly userId = `user-${(people += 1)}`;
  readonly chatId = 'chat-1';

  async listens(connectionId: string, { token = inSeconds(3600) }: { token?: number } = {}): Promise<void> {
    const row = { connectionId, userId: this.userId, frames: 'single', connectedAt: '2026-01-01T00:00:00.000Z' };
    const subscriber = subscriberKey(this.userId, connectionId);
    await table('CONNECTIONS_TABLE').put({ ...row, tokenExpiresAt: token, expiresAt: inSeconds(9000) });
    await table('SUBSCRIPTIONS_TABLE').put({
      ...{ ...row, chatId: this.chatId, subscriber, accessExpiresAt: token, expiresAt: inSeconds(9000) },
    });
  }

  async holds(expiresAt?: number): Promise<void> {
    const row = { userId: this.userId, chatId: this.chatId, role: 'member' };
    await table('PERMISSIONS_TABLE').put({ ...row, ...(expiresAt !== undefined && { expiresAt }) });
  }

  record(
    eventName: NonNullable<DynamoDBRecord['eventName']>,
    { old, now, byTimeToLive = false }: { old?: number; now?: number; byTimeToLive?: boolean } = {},
  ): DynamoDBRecord {
    const Keys = { userId: { S: this.userId }, chatId: { S: this.chatId } };
    const image = (expiresAt?: number) => ({ ...Keys, ...(expiresAt && { expiresAt: { N: String(expiresAt) } }) });
    return {
      eventName,
      dynamodb: { Keys, OldImage: image(old), NewImage: image(now), SequenceNumber: String((records += 1)) },
      ...(byTimeToLive && { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }),
    } as DynamoDBRecord;
  }

  async ends(): Promise<Record<string, number>> {
    const rows = (await table('SUBSCRIPTIONS_TABLE').of(this.chatId)).filter(({ userId }) => userId === this.userId);
    return Object.fromEntries(rows.map((row) => [String(row['connectionId']), Number(row['accessExpiresAt'])]));
  }
}

const follow = (...Records: DynamoDBRecord[]) => handler({ Records }, lambdaContext());
const handled = { batchItemFailures: [] };
const told = (connectionId: string): unknown[] =>
  (aws.received.get(connectionId) ?? []).map((text) => JSON.parse(text));

test('a removed permission ends all subscriptions of that person to that chat, and only those, and says so', async () => {
  const [ann, ben] = [new Member(), new Member()];
  await ann.listens('ann-1');
  await ann.listens('ann-2');
  await ben.listens('ben-1');
  await ben.holds();
  expect(await follow(ann.record('REMOVE'))).toEqual(handled);
  expect(await ann.ends()).toEqual({});
  expect(Object.keys(await ben.ends())).toEqual(['ben-1']);
  const frame = { type: 'subscription.revoked', chatId: 'chat-1', reason: 'revoked' };
  expect([told('ann-1'), told('ann-2'), told('ben-1')]).toEqual([[frame], [frame], []]);
  expect(aws.actions.slice(0, 2)).toEqual(['Query', 'TransactWriteItems']);
});

test('the frame goes out only once the rows are gone', async () => {
  const ann = new Member();
  await ann.listens('ann-order');
  await follow(ann.record('REMOVE'));
  expect(aws.actions).toEqual(['Query', 'TransactWriteItems', 'PostToConnection']);
});

test('a deletion by time to live is an expiry', async () => {
  const ann = new Member();
  await ann.listens('ann-ttl');
  await follow(ann.record('REMOVE', { old: inSeconds(-60), byTimeToLive: true }));
  expect(told('ann-ttl')).toEqual([{ type: 'subscription.revoked', chatId: 'chat-1', reason: 'expired' }]);
});

test('a record that comes again finds nothing left to do', async () => {
  const ann = new Member();
  await ann.listens('ann-again');
  const record = ann.record('REMOVE');
  await follow(record);
  expect(await follow(record)).toEqual(handled);
  expect(told('ann-again')).toHaveLength(1);
});

test('a late removal leaves the subscriptions of a new grant alone, within the bounds of that grant', async () => {
  const ann = new Member();
  await ann.listens('ann-late');
  await ann.holds(inSeconds(600));
  const expiresAt = (await table('PERMISSIONS_TABLE').get({ userId: ann.userId, chatId: 'chat-1' }))?.['expiresAt'];
  expect(await follow(ann.record('REMOVE'))).toEqual(handled);
  expect(await ann.ends()).toEqual({ 'ann-late': expiresAt });
  expect(told('ann-late')).toEqual([]);
});

test('a changed end moves the subscriptions, never past the token', async () => {
  const ann = new Member();
  const [token, short, long] = [inSeconds(1000), inSeconds(500), inSeconds(5000)];
  await ann.listens('ann-moves', { token });
  await ann.holds(short);
  await follow(ann.record('MODIFY', { now: short }));
  expect(await ann.ends()).toEqual({ 'ann-moves': short });
  await ann.holds(long);
  await follow(ann.record('MODIFY', { old: short, now: long }));
  expect(await ann.ends()).toEqual({ 'ann-moves': token });
  expect(told('ann-moves')).toEqual([]);
});

test('an end that has passed by the time the record comes is an expiry', async () => {
  const ann = new Member();
  await ann.listens('ann-passed');
  await ann.holds(inSeconds(-1));
  await follow(ann.record('MODIFY', { now: inSeconds(-1) }));
  expect(await ann.ends()).toEqual({});
  expect(told('ann-passed')).toEqual([{ type: 'subscription.revoked', chatId: 'chat-1', reason: 'expired' }]);
});

test('new grants and changes of the role alone cost nothing', async () => {
  const ann = new Member();
  await ann.listens('ann-role');
  await follow(ann.record('INSERT'), ann.record('MODIFY'), ann.record('MODIFY', { old: 7, now: 7 }));
  expect(aws.calls).toEqual([]);
});

test('nobody loses their own channel', async () => {
  const record = new Member().record('REMOVE');
  record.dynamodb = { ...record.dynamodb, Keys: { userId: { S: 'same' }, chatId: { S: 'same' } } };
  expect(await follow(record)).toEqual(handled);
  expect(aws.calls).toEqual([]);
});

test('a row written over meanwhile is looked at again', async () => {
  const ann = new Member();
  const [token, end] = [inSeconds(1000), inSeconds(500)];
  await ann.listens('ann-race', { token });
  await ann.holds(end);
  aws.fail('UpdateItem', { error: 'ConditionalCheckFailedException' }, { times: 1 });
  await follow(ann.record('MODIFY', { now: end }));
  expect(await ann.ends()).toEqual({ 'ann-race': end });
});

test('a post that fails is dropped, as is one to a connection that is gone: the rows are gone in any case', async () => {
  const ann = new Member();
  await ann.listens('ann-fails');
  await ann.listens('ann-gone');
  const of = (connectionId: string) => (input: Record<string, unknown>) => input['connectionId'] === connectionId;
  aws.fail('PostToConnection', { error: 'InternalServerErrorException', status: 500 }, { applies: of('ann-fails') });
  aws.fail('PostToConnection', { error: 'GoneException', status: 410 }, { applies: of('ann-gone') });
  expect(await follow(ann.record('REMOVE'))).toEqual(handled);
  expect(await ann.ends()).toEqual({});
  const posts = aws.inputs('PostToConnection').map(({ connectionId }) => connectionId);
  expect(posts.sort()).toEqual(['ann-fails', 'ann-gone']);
});

test('sockets that take nothing hold up nobody: what cannot be told at once is not told', async () => {
  const ann = new Member();
  const sockets = Array.from({ length: 200 }, (_, index) => `ann-slow-${index}`);
  await Promise.all(sockets.map((connectionId) => ann.listens(connectionId)));
  aws.fail('PostToConnection', { afterMs: 5_000 });
  expect(await follow(ann.record('REMOVE'))).toEqual(handled);
  expect(await ann.ends()).toEqual({});
  // One round of posts, which were given up after a second; the others were not begun.
  expect(aws.inputs('PostToConnection').length).toBeLessThanOrEqual(64);
});

test('a person whose rows cannot be read or deleted comes again, the others do not', async () => {
  const [ann, ben] = [new Member(), new Member()];
  await ann.listens('ann-broken');
  await ben.listens('ben-fine');
  const prefix = subscriberKey(ann.userId, '');
  aws.fail('Query', { error: 'AccessDeniedException' }, { applies: (input) => JSON.stringify(input).includes(prefix) });
  const [first, second] = [ann.record('REMOVE'), ben.record('REMOVE')];
  expect(await follow(first, second)).toEqual({
    batchItemFailures: [{ itemIdentifier: first.dynamodb?.SequenceNumber }],
  });
  expect(told('ben-fine')).toHaveLength(1);
});

test('the beat by which the stream is watched is nobody’s permission, however it is written: it takes no call', async () => {
  const Keys = { userId: { S: '!beat' }, chatId: { S: '!beat' } };
  const beat = (eventName: 'INSERT' | 'MODIFY' | 'REMOVE', SequenceNumber: string): DynamoDBRecord => ({
    eventName,
    dynamodb: { Keys, SequenceNumber, OldImage: Keys, NewImage: { ...Keys, beatAt: { S: 'now' } } },
  });
  expect(await follow(beat('INSERT', '1'), beat('MODIFY', '2'), beat('REMOVE', '3'))).toEqual(handled);
  expect(aws.calls).toEqual([]);
});
