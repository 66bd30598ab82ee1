import { Worker } from 'node:worker_threads';

const hour = 3_600_000;
const clock = new URL('../../local/clock.ts', import.meta.url).href;

/** Runs a script in a thread of its own, whose clock may then be moved without moving ours. */
function inThread<T>(script: string): Promise<T> {
  const source = `
    import { parentPort } from 'node:worker_threads';
    const { clockAhead, moveClock } = await import(${JSON.stringify(clock)});
    ${script}`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { env: {}, execArgv: [] });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test('every way to ask for the time tells the moved one, and given times stay what they are', async () => {
  const before = Date.now() + hour;
  const told = await inThread<Record<string, unknown>>(`
    moveClock(${hour});
    const date = new Date();
    parentPort.postMessage({
      now: Date.now(), made: date.getTime(), text: Date.parse(Date()), ahead: clockAhead(),
      given: new Date(0).toISOString(), utc: Date.UTC(2026, 0, 1),
      kept: date instanceof Date && date.constructor === Date && structuredClone(date) instanceof Date,
    });`);
  const after = Date.now() + hour;
  for (const time of [told['now'], told['made']]) {
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(after);
  }
  expect(told['text']).toBeGreaterThan(before - 1000);
  expect(told).toMatchObject({ ahead: hour, given: '1970-01-01T00:00:00.000Z', utc: 1_767_225_600_000, kept: true });
});

test('timers keep their pace', async () => {
  const elapsed = await inThread<number>(`
    moveClock(${hour});
    const began = Date.now();
    setTimeout(() => parentPort.postMessage(Date.now() - began), 20);`);
  expect(elapsed).toBeLessThan(hour);
});

test('not moved, the clock is the machine’s', async () => {
  expect(await inThread(`moveClock(0); parentPort.postMessage([clockAhead(), Date.name])`)).toEqual([0, 'Date']);
});
