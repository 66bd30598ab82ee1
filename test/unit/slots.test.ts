import { Slots } from '../../functions/domain/delivery/slots.ts';

/** Runs tasks that end when told to. */
function tasks(slots: Slots) {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const start = (): Promise<void> =>
    slots.run(async () => {
      most = Math.max(most, (running += 1));
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
    });
  return { start, ends, most: () => most, running: () => running };
}

/** A round: as many complaints of different connections as run at once. */
function everyoneIsThrottled(slots: Slots): void {
  for (let index = slots.width; index > 0; index -= 1) slots.throttled(`connection ${index}`);
}

test('no more tasks run at once than there are slots, and all get their turn', async () => {
  const { start, ends, most, running } = tasks(new Slots(3));
  const all = Promise.all(Array.from({ length: 10 }, start));
  for (let ended = 0; ended < 10; ended += 1) {
    while (ends.length === 0) await Promise.resolve();
    ends.shift()?.();
    await Promise.resolve();
  }
  await all;
  expect(most()).toBe(3);
  expect(running()).toBe(0);
});

test('throttling of many halves the width, down to the least', () => {
  const slots = new Slots(64);
  const widths = Array.from({ length: 6 }, () => {
    everyoneIsThrottled(slots);
    everyoneIsThrottled(slots);
    return slots.width;
  });
  expect(widths[0]).toBeLessThan(64);
  expect(widths.at(-1)).toBe(4);
});

test('one round of throttled posts halves the width once, however many they are', () => {
  const slots = new Slots(64);
  everyoneIsThrottled(slots);
  expect(slots.width).toBe(32);
});

test('a single connection that takes nothing does not slow the others down', () => {
  const slots = new Slots(64);
  for (let index = 0; index < 1_000; index += 1) slots.throttled('slow');
  expect(slots.width).toBe(64);
});

test('two connections that take nothing do not either, while the others pass', () => {
  const slots = new Slots(8);
  for (let index = 0; index < 100; index += 1) {
    slots.throttled(index % 2 === 0 ? 'slow' : 'slower');
    for (let passed = 0; passed < 8; passed += 1) slots.passed();
  }
  expect(slots.width).toBe(8);
});

test('what passes widens again, by one a round', () => {
  const slots = new Slots(64);
  everyoneIsThrottled(slots);
  for (let index = 0; index < 34; index += 1) slots.passed();
  expect(slots.width).toBe(33);
  for (let index = 0; index < 5_000; index += 1) slots.passed();
  expect(slots.width).toBe(64);
});
