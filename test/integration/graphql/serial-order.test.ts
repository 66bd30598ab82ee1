import { serialOrder } from './serial-order.ts';

const change = (caller: string, target: string, role: string | undefined, outcome: string) => ({
  caller,
  target,
  administrator: caller === 'ada',
  outcome,
  ...(role === undefined ? {} : { role }),
});
const start = new Map([
  ['bob', 'admin'],
  ['carol', 'admin'],
]);

describe('an order that explains what happened', () => {
  test('is found where there is one', () => {
    const changes = [
      change('bob', 'carol', 'viewer', 'Forbidden'),
      change('carol', 'bob', undefined, 'done'),
      change('ada', 'carol', undefined, 'Conflict'),
    ];
    expect(serialOrder(start, changes, new Map([['carol', 'admin']]))).toEqual([1, 0, 2]);
  });

  test('is not found where two admins removed each other', () => {
    const changes = [change('bob', 'carol', undefined, 'done'), change('carol', 'bob', undefined, 'done')];
    expect(serialOrder(start, changes, new Map())).toBeUndefined();
  });

  test('is not found where a change was lost', () => {
    const changes = [change('bob', 'dora', 'member', 'done'), change('carol', 'dora', 'viewer', 'done')];
    expect(serialOrder(start, changes, start)).toBeUndefined();
  });

  test('is not found where somebody acted on a right already lost', () => {
    const changes = [change('ada', 'bob', undefined, 'done'), change('bob', 'dora', 'member', 'done')];
    const end = new Map([['carol', 'admin']]);
    expect(serialOrder(start, changes, new Map([...end, ['dora', 'member']]))).toEqual([1, 0]);
    expect(serialOrder(end, changes, new Map([...end, ['dora', 'member']]))).toBeUndefined();
  });
});
