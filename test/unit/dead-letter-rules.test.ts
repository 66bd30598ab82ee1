import fc from 'fast-check';
import { decodeTime, ulid } from 'ulid';
import { isMeant, type Letter, type Selection } from '../../resolvers/rules/dead-letters.ts';
import { highestUlidAt, isUlid, justAfter, justBefore, lowestUlidAt, timeOfUlid } from '../../resolvers/rules/ulid.ts';

const sentAt = Date.parse('2026-01-01T00:00:00.000Z');
const messageId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const letter: Letter = {
  ...{ arrival: ulid(sentAt), reason: 'Conflict: messageId is already used', readable: true },
  ...{ chatId: 'c1', senderId: 's1', eventType: 'chat', messageId },
};
const unreadable: Letter = { arrival: ulid(sentAt), reason: 'not JSON', readable: false };

describe('a letter is meant', () => {
  test.each<[string, Selection, boolean, boolean]>([
    ['without a filter', {}, true, true],
    ['by its chat', { chatId: 'c1' }, true, false],
    ['by another chat', { chatId: 'C1' }, false, false],
    ['by its sender', { senderId: 's1' }, true, false],
    ['by another sender', { senderId: 's' }, false, false],
    ['by its kind of event', { eventType: 'chat' }, true, false],
    ['by a part of the kind', { eventType: 'cha' }, false, false],
    ['by its reason', { reason: 'Conflict: messageId is already used' }, true, false],
    ['by a part of the reason in other capitals', { reason: 'CONFLICT' }, true, false],
    ['by another reason', { reason: 'json' }, false, true],
    ['by its message', { messageIds: ['x', messageId] }, true, false],
    ['by other messages', { messageIds: ['x'] }, false, false],
    ['by no message', { messageIds: [] }, false, false],
    ['from its time on', { sentAfter: sentAt }, true, true],
    ['from later on', { sentAfter: sentAt + 1 }, false, false],
    ['before later', { sentBefore: sentAt + 1 }, true, true],
    ['before its time', { sentBefore: sentAt }, false, false],
    ['as unreadable', { unreadable: true }, false, true],
    ['as readable', { unreadable: false }, true, false],
    ['by several things', { chatId: 'c1', senderId: 's1', sentAfter: sentAt }, true, false],
    ['by several things, one of them wrong', { chatId: 'c1', senderId: 's2' }, false, false],
  ])('%s', (_, selection, readableOne, unreadableOne) => {
    expect([isMeant(selection, letter), isMeant(selection, unreadable)]).toEqual([readableOne, unreadableOne]);
  });
});

describe('ULIDs', () => {
  const times = fc.integer({ min: 1, max: 2 ** 48 - 1 });

  test('tell the time they were made at', () => {
    fc.assert(fc.property(times, (time) => timeOfUlid(ulid(time)) === time && decodeTime(lowestUlidAt(time)) === time));
  });

  test('of a moment lie between its lowest and its highest', () => {
    fc.assert(
      fc.property(times, (time) => {
        const made = ulid(time);
        return lowestUlidAt(time) <= made && made <= highestUlidAt(time) && isUlid(lowestUlidAt(time));
      }),
    );
  });

  test('have nothing between them and the bounds right beside them', () => {
    fc.assert(
      fc.property(times, times, (one, two) => {
        const [low = '', high = ''] = [ulid(one), ulid(two)].sort();
        return low === high || (justAfter(low) <= high && low <= justBefore(high) && justBefore(high) < high);
      }),
    );
  });

  test.each([
    '',
    messageId.toLowerCase(),
    `${messageId}0`,
    messageId.slice(1),
    `8${messageId.slice(1)}`,
    `${messageId.slice(1)}U`,
  ])('%j is none', (text) => {
    expect(isUlid(text)).toBe(false);
  });
});
