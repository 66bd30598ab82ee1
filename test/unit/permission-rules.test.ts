import fc from 'fast-check';
import { type Change, changesBy, keysToRead, objectionsTo, problemsOfGrants } from '../../resolvers/rules/changes.ts';
import { looksLikeUserId, problemOfId } from '../../resolvers/rules/ids.ts';
import { isLiveAt, type PermissionRow, type Role } from '../../resolvers/rules/permission.ts';
import { judgeCancellation, writesOf, writtenBy } from '../../resolvers/rules/writes.ts';

const now = { iso: '2026-01-01T00:00:00.000Z', seconds: 1_767_225_600 };
const row = (userId: string, role: Role, chatId = 'c1', expiresAt?: number): PermissionRow => ({
  ...{ userId, chatId, role, grantedBy: 'ada', grantedAt: '2025-01-01T00:00:00.000Z' },
  ...(expiresAt !== undefined && { expiresAt }),
});
const bob = { userId: 'bob', administrator: false };
const ada = { userId: 'ada', administrator: true };

describe('names', () => {
  test.each(['a', 'chat-123', 'A_b.c:d@e', '__proto__1', 'constructor', 'x'.repeat(128)])('%s may be a name', (id) => {
    expect(problemOfId('chatId', id)).toBeNull();
  });
  test.each(['', ' ', 'a b', 'ä', 'a#b', 'a/b', '💬', 'x'.repeat(129), 'a\n', '__proto__'])('%j may not', (id) => {
    expect(problemOfId('chatId', id)).toMatch(/^Invalid chatId: /);
  });
  test.each([
    ['0b6a1c52-9d1e-4b7e-8f6a-2f8f3c1d2e4f', true],
    ['0B6A1C52-9D1E-4B7E-8F6A-2F8F3C1D2E4F', true],
    ['0b6a1c52-9d1e-4b7e-8f6a-2f8f3c1d2e4g', false],
    ['0b6a1c529d1e4b7e8f6a2f8f3c1d2e4f', false],
    ['1h57kf5cpq17m0eml12EXAMPLE', false],
    ['1h57kf5cpq17m0eml12example', true],
    ['chat-123', false],
  ])('%s has the shape of a user id: %s', (id, shaped) => {
    expect(looksLikeUserId(id)).toBe(shaped);
  });
});

test('a permission counts until its second', () => {
  expect(isLiveAt(null, 10)).toBe(false);
  expect(isLiveAt({}, 10)).toBe(true);
  expect([9, 10, 11].map((expiresAt) => isLiveAt({ expiresAt }, 10))).toEqual([false, false, true]);
});

test('what decides is read once: the permissions to change, and the caller’s own where it is not among them', () => {
  const changes: Change[] = [
    { userId: 'carol', chatId: 'c1', role: 'member' },
    { userId: 'dora', chatId: 'c1', role: 'member' },
    { userId: 'bob', chatId: 'c2', role: 'viewer' },
    { userId: 'carol', chatId: 'bob', role: 'member' },
  ];
  const plan = changesBy(bob, changes);
  expect(plan.guardedChats).toEqual(['c1', 'c2']);
  expect(keysToRead(plan)).toEqual([
    ...changes.map(({ userId, chatId }) => ({ userId, chatId })),
    { userId: 'bob', chatId: 'c1' },
  ]);
  expect(keysToRead(changesBy(ada, changes))).toHaveLength(changes.length);
});

test.each([
  ['an admin', row('bob', 'admin'), []],
  ['a member', row('bob', 'member'), ['Forbidden']],
  ['a stranger', null, ['Forbidden']],
  ['an admin whose time is over', row('bob', 'admin', 'c1', now.seconds), ['Forbidden']],
])('%s of a chat asks to grant', (_, own, expected) => {
  const plan = changesBy(bob, [{ userId: 'carol', chatId: 'c1', role: 'member' }]);
  expect(objectionsTo(plan, [null, own], now.seconds).map(({ errorType }) => errorType)).toEqual(expected);
});

test.each([
  ['a member', row('bob', 'member'), []],
  ['an admin', row('bob', 'admin'), []],
  ['a stranger', null, ['NotFound']],
])('%s of a chat asks to leave it', (_, own, expected) => {
  const plan = changesBy(bob, [{ userId: 'bob', chatId: 'c1' }]);
  expect(plan.guardedChats).toEqual([]);
  expect(objectionsTo(plan, [own], now.seconds).map(({ errorType }) => errorType)).toEqual(expected);
});

test('leaving gives no right to anything else in the chat', () => {
  const plan = changesBy(bob, [
    { userId: 'bob', chatId: 'c1' },
    { userId: 'carol', chatId: 'c1', role: 'member' },
  ]);
  const found = [row('bob', 'member'), null];
  expect(objectionsTo(plan, found, now.seconds).map(({ errorType }) => errorType)).toEqual(['Forbidden', 'Forbidden']);
});

test('an expired permission cannot be revoked, being none', () => {
  const plan = changesBy(ada, [{ userId: 'carol', chatId: 'c1' }]);
  const of = (found: PermissionRow | null) => objectionsTo(plan, [found], now.seconds).map((one) => one.errorType);
  expect([of(row('carol', 'member')), of(row('carol', 'member', 'c1', 5)), of(null)]).toEqual([
    [],
    ['NotFound'],
    ['NotFound'],
  ]);
});

test('a grant names nobody twice, ends in the future, and for an admin not at all', () => {
  const grants: Change[] = [
    { userId: 'carol', chatId: 'c1', role: 'member', expiresAt: now.seconds + 1 },
    { userId: 'carol', chatId: 'c1', role: 'admin' },
    { userId: 'dora', chatId: 'c1', role: 'admin', expiresAt: now.seconds + 1 },
    { userId: 'emil', chatId: 'c1', role: 'viewer', expiresAt: now.seconds },
    { userId: 'fred', chatId: 'c1', role: 'viewer', expiresAt: NaN },
  ];
  expect(problemsOfGrants(grants, now.seconds).map(({ index }) => index)).toEqual([1, 2, 3, 4]);
});

const role = fc.constantFrom<Role[]>('admin', 'member', 'viewer');
const someChanges = fc.uniqueArray(
  fc.record({
    userId: fc.constantFrom('bob', 'carol', 'dora'),
    chatId: fc.constantFrom('c1', 'c2', 'bob'),
    was: fc.option(role),
    role: fc.option(role, { nil: undefined }),
  }),
  { selector: ({ userId, chatId }) => `${userId} ${chatId}`, minLength: 1 },
);

test('whatever changes: no item is written twice, and each chat’s count moves by its admins', () => {
  fc.assert(
    fc.property(someChanges, fc.boolean(), (made, administrator) => {
      const changes = made.map(({ userId, chatId, role: becomes }): Change => {
        return { userId, chatId, ...(becomes && { role: becomes }) };
      });
      const plan = changesBy({ userId: 'bob', administrator }, changes);
      const rows = made.map(({ userId, chatId, was }) => (was ? row(userId, was, chatId) : null));
      const writes = writesOf(plan, rows, now);
      const items = writes.map(({ table, key }) => JSON.stringify([table, key]));
      expect(new Set(items).size).toBe(items.length);
      for (const write of writes) {
        if (write.operation !== 'UpdateItem') continue;
        const there = made.filter(({ chatId }) => chatId === write.key['chatId']);
        const admins = (of: (one: (typeof made)[number]) => Role | null | undefined) =>
          there.filter((one) => of(one) === 'admin').length;
        expect(write.update.values[':gained']).toBe(admins((one) => one.role) - admins((one) => one.was));
        expect(write.condition !== undefined).toBe(Number(write.update.values[':gained']) < 0);
      }
      expect(writtenBy(plan, rows, now)).toHaveLength(changes.length);
    }),
  );
});

describe('a cancelled transaction', () => {
  const plan = changesBy(bob, [{ userId: 'carol', chatId: 'c1', role: 'member' }]);
  const rows = [row('carol', 'admin')];

  test.each([
    ['the permission changed meanwhile', ['ConditionalCheckFailed', 'None', 'None'], true, []],
    ['carol was the last admin', ['None', 'ConditionalCheckFailed', 'None'], false, ['Conflict']],
    ['bob lost his right', ['ConditionalCheckFailed', 'None', 'ConditionalCheckFailed'], false, ['Forbidden']],
    ['others write the same rows', ['None', 'TransactionConflict', 'None'], true, []],
    ['nobody knows', ['None', 'ValidationError', 'None'], false, []],
    ['nothing is said', [], false, []],
  ])('%s', (_, reasons, again, problems) => {
    const verdict = judgeCancellation(plan, rows, reasons);
    expect({ again: verdict.again, problems: verdict.problems.map(({ errorType }) => errorType) }).toEqual({
      again,
      problems,
    });
  });
});
