import fc from 'fast-check';
import { ulid } from 'ulid';
import { noticeOf } from '../../functions/domain/multipart/notice.ts';
import { groupKey, openShardOf, partItem, partOf } from '../../functions/domain/multipart/part.ts';
import { refusalOf } from '../../functions/domain/multipart/refusal.ts';
import { planRegistration, withoutContradictions } from '../../functions/domain/multipart/registration.ts';
import { readEnvelope, writeEnvelope, type Envelope } from '../../functions/domain/protocol/envelope.ts';
import { envelope } from './support/events.ts';

const now = Date.now();

interface Draft {
  part: boolean;
  groupId: string;
  senderId: string;
  totalParts: number;
  partNumber: number;
}

/** Parts that often contradict each other, and messages that are none. */
const messages: fc.Arbitrary<Draft[]> = fc.array(
  fc.record({
    part: fc.boolean(),
    groupId: fc.constantFrom('a', 'b'),
    senderId: fc.constantFrom('ada', 'bob'),
    totalParts: fc.constantFrom(3, 4),
    partNumber: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 25 },
);

function envelopesOf(all: readonly Draft[]): Envelope[] {
  return all.map(({ part, senderId, ...multiPartMetadata }) =>
    envelope({ senderId, payload: { chatId: 'chat', ...(part && { multiPartMetadata }) } }),
  );
}

/** Whether two messages could both be parts of one group. */
function agree(one: Envelope, other: Envelope): boolean {
  const [a, b] = [partOf(one), partOf(other)];
  if (!a || !b || groupKey(a) !== groupKey(b)) return true;
  return a.totalParts === b.totalParts && a.senderId === b.senderId && a.partNumber !== b.partNumber;
}

describe('what can be committed together', () => {
  test('contradicts nothing in it, leaves out only what contradicts something before it, and keeps the order', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const envelopes = envelopesOf(all);
        const together = withoutContradictions(envelopes);
        expect(together).toEqual(envelopes.filter((each) => together.includes(each)));
        for (const [index, one] of together.entries()) {
          for (const other of together.slice(index + 1)) expect(agree(one, other)).toBe(true);
        }
        for (const [index, one] of envelopes.entries()) {
          if (together.includes(one)) continue;
          const before = envelopes.slice(0, index).filter((each) => together.includes(each));
          expect(before.some((each) => !agree(each, one))).toBe(true);
        }
      }),
    );
  });

  test('is registered with a row for each part and one for each group, none twice', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const together = withoutContradictions(envelopesOf(all));
        const { parts, groups } = planRegistration(together, now, 1);
        expect(parts.map(({ messageId }) => messageId)).toEqual(
          together.filter(partOf).map(({ messageId }) => messageId),
        );
        const keys = [...parts, ...groups].map(({ group, item }) => `${group} ${item}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { group, received, totalParts, senderId } of groups) {
          const own = together.map(partOf).filter((part) => part !== undefined && groupKey(part) === group);
          expect(own).toHaveLength(received);
          for (const part of own) expect(part).toMatchObject({ totalParts, senderId });
        }
      }),
    );
  });
});

describe('a part against its group', () => {
  const part = { totalParts: 3, senderId: 'ada' };
  const group = { ...part, status: 'open' as const };

  test.each([
    ['the first of its group', undefined, undefined, undefined],
    ['one that fits', group, undefined, undefined],
    ['a number that is taken', group, 'another', 'partNumber'],
    ['a number that is taken, where the group is not in the way', undefined, 'another', 'partNumber'],
    ['another number of parts', { ...group, totalParts: 4 }, undefined, 'totalParts'],
    ['another sender', { ...group, senderId: 'bob' }, undefined, 'sender'],
    ['late', { ...group, status: 'completed' as const }, undefined, 'closed'],
    ['late and all else', { totalParts: 4, senderId: 'bob', status: 'expiring' as const }, 'another', 'closed'],
  ])('%s', (_what, state, holder, expected) => {
    expect(refusalOf(part, state, holder)).toBe(expected);
  });
});

describe('keys', () => {
  test('of parts sort by part number', () => {
    const items = [1, 2, 9, 10, 99, 100, 999, 1000].map(partItem);
    expect([...items].sort()).toEqual(items);
    expect(items.every((item) => item > 'part#' && item > 'group')).toBe(true);
  });

  test('of groups differ between chats and within one', () => {
    const keys = [
      { chatId: 'a', groupId: 'b#c' },
      { chatId: 'a.b', groupId: 'c' },
      { chatId: 'a', groupId: 'c' },
    ].map(groupKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('are spread over the shards', () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 1600; index += 1) {
      const shard = openShardOf(`chat#${index}`);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    for (const count of counts.values()) expect(count).toBeGreaterThan(50);
  });
});

describe('the notice of a refused part', () => {
  const refusedPart = (said: Partial<Envelope> = {}, chatId = 'chat'): Envelope =>
    envelope({
      ...said,
      payload: { chatId, multiPartMetadata: { groupId: 'file', totalParts: 3, partNumber: 2 } },
    });

  test('is a message that the processor can read, and the same however often', () => {
    const refused = refusedPart();
    const notice = noticeOf(refused, 'closed', now);
    expect(notice && readEnvelope(writeEnvelope(notice))).toEqual(notice);
    expect(noticeOf(refused, 'closed', now + 1)?.messageId).toBe(notice?.messageId);
    expect(notice?.messageId.slice(0, 10)).toBe(refused.messageId.slice(0, 10));
  });

  test('has an id of its own, also where one id was refused in two chats', () => {
    const messageId = ulid();
    const ids = [refusedPart({ messageId }), refusedPart({ messageId }, 'other'), refusedPart()].map(
      (refused) => noticeOf(refused, 'closed', now)?.messageId,
    );
    expect(new Set([messageId, ...ids]).size).toBe(4);
  });

  test.each(['', 'no channel', '__proto__', 'x'.repeat(129)])(
    'cannot be sent to %j, which is no channel',
    (senderId) => {
      expect(noticeOf(refusedPart({ senderId }), 'closed', now)).toBeUndefined();
    },
  );
});
