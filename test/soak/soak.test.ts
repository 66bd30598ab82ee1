import { soak } from './soak.ts';
import { summaryOf } from './summary.ts';

test('some seconds of a small crowd, with faults: every promise holds, and the summary says so', async () => {
  const told: string[] = [];
  const verdict = await soak({ minutes: 0.15, sockets: 8, faults: 3 }, (line) => told.push(line));
  expect(verdict.breaches).toEqual([]);
  expect(verdict.messages.accepted).toBeGreaterThan(0);
  expect(verdict.deliveries.given).toBeGreaterThan(0);
  expect([...verdict.struck.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  expect(verdict.letters.redriven).toBeGreaterThan(0);
  expect(verdict.letters.waiting).toBe(0);
  expect(told).toContain('8 clients are connected, in 1 chats');
  expect(summaryOf(verdict)).toContain('Every promise held.');
}, 400_000);
