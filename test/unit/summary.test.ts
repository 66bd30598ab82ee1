import { stripVTControlCharacters } from 'node:util';
import type { MetricDatum } from '../../local/cloudwatch/emf.ts';
import { figuresOf, type Figures, type Seen } from '../../local/summary/figures.ts';
import { Lines } from '../../local/summary/lines.ts';
import { pictureOf } from '../../local/summary/picture.ts';
import { Recent } from '../../local/summary/recent.ts';
import { Screen } from '../../local/summary/screen.ts';
import { Summary } from '../../local/summary/summary.ts';

const now = Date.parse('2026-11-22T11:20:05.000Z');

function datum(name: string, values: number[], ageMs = 0, namespace = 'WebSocketNotificationService'): MetricDatum {
  return { namespace, name, unit: 'Count', dimensions: {}, values, timestamp: now - ageMs };
}

const quiet: Seen = {
  ...{ now, connections: 3, data: [], published: 0, queues: [], deadLetters: 0, failedExecutions: 0, alarms: [] },
};

describe('the figures of a summary', () => {
  test('are counts of the last minute, a rate of the last ten seconds, and percentiles over all kinds of messages', () => {
    const data = [
      datum('Published', [20], 30_000),
      datum('Published', [5], 2_000),
      datum('DeliveryLatency', [10, 20, 30], 2_000),
      datum('DeliveryLatency', [40], 30_000),
    ];
    expect(figuresOf({ ...quiet, data, published: 125 })).toMatchObject({
      ...{ published: 125, publishedLastMinute: 25, messagesPerSecond: 0.5 },
      latency: { p50: 20, p95: 40, p99: 40 },
    });
  });

  test('name queues that hold something, the fullest first, and the alarms that ring', () => {
    const queues = ['fifo', 'fan out', 'standard'].map((name, depth) => ({ name, depth }));
    const figures = figuresOf({ ...quiet, queues, alarms: ['queue-behind', 'dead-letters'] });
    expect(figures.queues.map(({ name }) => name)).toEqual(['standard', 'fan out']);
    expect(figures.alarms).toEqual(['dead-letters', 'queue-behind']);
  });

  test('have no latency when nothing was delivered', () => {
    expect(figuresOf(quiet)).not.toHaveProperty('latency');
  });
});

describe('recent metrics', () => {
  test('are forgotten after a minute; what is counted is counted from the beginning', () => {
    const recent = new Recent();
    for (const each of [
      datum('Published', [3], 61_000),
      datum('Published', [4], 59_000),
      datum('DeliveryLatency', [12], 59_000),
      datum('ExecutionsFailed', [1], 70_000, 'AWS/States'),
      datum('ExecutionsTimedOut', [1], 0, 'AWS/States'),
      datum('RunLength', [9]),
    ]) {
      recent.take(each);
    }
    expect(recent.counts).toMatchObject({ published: 7, failedExecutions: 2 });
    expect(recent.data(now).map(({ name, values }) => [name, ...values])).toEqual([
      ['Published', 4],
      ['DeliveryLatency', 12],
    ]);
    expect(recent.data(now + 60_000)).toEqual([]);
  });
});

describe('the picture of a summary', () => {
  test('has a row for each figure', () => {
    const busy: Figures = {
      ...{ now, connections: 1_200, published: 90, publishedLastMinute: 84, messagesPerSecond: 1.4 },
      ...{ latency: { p50: 21, p95: 45.4, p99: 1_002 }, queues: [{ name: 'fifo', depth: 12 }] },
      ...{ deadLetters: 2, failedExecutions: 1, alarms: ['dead-letters'] },
    };
    expect(pictureOf(busy, 'http://127.0.0.1:4510/').map((row) => row.replace(/\d\d:\d\d:\d\d/, 'CLOCK'))).toEqual([
      expect.stringMatching(/^-- CLOCK -- http:\/\/127.0.0.1:4510\/ -+$/),
      '  Connections        1,200',
      '  Messages           1.4 a second, 84 in the last minute',
      '  Publish to post    p50 21 ms, p95 45 ms, p99 1,002 ms in the last minute',
      '  Queues             fifo 12',
      '  Dead letters       2 waiting: docs/operations.md',
      '  Executions         1 failed',
      '  Alarms ringing     dead-letters',
    ]);
    expect(pictureOf(figuresOf(quiet), '').slice(3)).toEqual([
      '  Publish to post    none in the last minute',
      '  Queues             empty',
      '  Dead letters       none',
      '  Executions         none failed',
      '  Alarms ringing     none',
    ]);
  });
});

describe('the lines of a summary', () => {
  const figures = figuresOf(quiet);

  test('come when something is new, and not when time passes', () => {
    const lines = new Lines(figures);
    expect(lines.next(figuresOf({ ...quiet, now: now + 10_000 }))).toBeUndefined();
    const line = lines.next({
      ...figures,
      published: 4,
      messagesPerSecond: 0.4,
      latency: { p50: 9, p95: 12, p99: 12 },
    });
    expect(line?.slice(10)).toBe(
      'connections 3; messages 4 (0.4 a second); publish to post p50 9 ms, p95 12 ms, p99 12 ms; queues empty; ' +
        'dead letters 0; failed executions 0; alarms none',
    );
    expect(lines.next({ ...figures, published: 4 })).toBeUndefined();
    expect(lines.next({ ...figures, published: 4, alarms: ['queue-behind'] })).toContain('alarms queue-behind');
  });
});

/** What a person sees, and has to scroll back for: understands what the screen writes, wraps and scrolls. */
class FakeTerminal {
  columns: number;
  rows: number;
  readonly #lines = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(...[text]: unknown[]): boolean {
    // eslint-disable-next-line no-control-regex -- that is what terminals are told with
    for (const [token, count, command] of String(text).matchAll(/\x1b\[(\d*)([AJK])|[\s\S]/g)) {
      this.#obey(token, command, Number(count));
    }
    return true;
  }

  /** Long lines wrap, and the cursor stays at the end, as in terminals that reflow. */
  narrow(columns: number): void {
    this.columns = columns;
    const wrapped = this.all().flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? ['']);
    this.#lines.splice(0, Infinity, ...wrapped);
    this.#row = wrapped.length - 1;
  }

  /** Everything, from the first line ever printed to the last. */
  all(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  #obey(token: string, command: string | undefined, count: number): void {
    if (command === 'A') this.#row = Math.max(this.#lines.length - this.rows, this.#row - count, 0);
    else if (command === 'K') this.#line((line) => line.slice(0, this.#column));
    else if (command === 'J') {
      this.#line((line) => line.slice(0, this.#column));
      this.#lines.splice(this.#row + 1);
    } else if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#next();
    else {
      if (this.#column === this.columns) this.#next();
      this.#line((line) => line.padEnd(this.#column).slice(0, this.#column) + token + line.slice(this.#column + 1));
      this.#column += 1;
    }
  }

  #line(change: (line: string) => string): void {
    this.#lines[this.#row] = change(this.#lines[this.#row] ?? '');
  }

  #next(): void {
    this.#row += 1;
    this.#column = 0;
    this.#lines[this.#row] ??= '';
  }
}

describe('the screen', () => {
  test('changes its rows in place; what was printed before stays', () => {
    const terminal = new FakeTerminal(40, 10);
    terminal.write('Ready\nbob  Bob-local-2026!\n');
    const screen = new Screen(terminal);
    screen.show(['one', 'two', 'three']);
    screen.show(['ONE', 'a longer two', 'three']);
    screen.show(['1', '2', '3']);
    expect(terminal.all()).toEqual(['Ready', 'bob  Bob-local-2026!', '1', '2', '3', '']);
    screen.show(['less']);
    expect(terminal.all()).toEqual(['Ready', 'bob  Bob-local-2026!', 'less', '']);
  });

  test('what others write stays readable above it, whole lines or not', () => {
    const terminal = new FakeTerminal(40, 10);
    const screen = new Screen(terminal);
    const errors = { write: (...args: unknown[]) => terminal.write(...args) };
    const end = screen.letWrite(errors);
    screen.show(['one', 'two']);
    errors.write('It broke\n');
    screen.show(['1', '2']);
    errors.write('and again');
    screen.show(['I', 'II']);
    expect(terminal.all()).toEqual(['It broke', 'and again', 'I', 'II', '']);
    end();
    errors.write('at the end\n');
    expect(terminal.all()).toEqual(['It broke', 'and again', 'I', 'II', 'at the end', '']);
  });

  test('neither wraps nor scrolls a terminal that is too small for it', () => {
    const terminal = new FakeTerminal(10, 4);
    terminal.write('Ready\n');
    const screen = new Screen(terminal);
    const rows = ['a row that is too long', 'two', 'three', 'four', 'five'];
    screen.show(rows);
    screen.show(rows);
    expect(terminal.all()).toEqual(['Ready', 'a row tha', 'two', 'three', '']);
  });

  test.each([undefined, 0])('takes a terminal that tells %s as its size for one of 80 by 24', (size) => {
    const terminal = new FakeTerminal(80, 24);
    const screen = new Screen({ columns: size, rows: size, write: (text) => terminal.write(text) });
    screen.show(['x'.repeat(100), 'two']);
    screen.show(['x'.repeat(100), '2']);
    expect(terminal.all()).toEqual(['x'.repeat(79), '2', '']);
  });

  test('finds its place in a terminal that became narrower', () => {
    const terminal = new FakeTerminal(20, 10);
    const screen = new Screen(terminal);
    terminal.write('Ready\n');
    screen.show(['a row of nineteen', 'short', 'another of nineteen']);
    terminal.narrow(10);
    screen.show(['one', 'two', 'three']);
    expect(terminal.all()).toEqual(['Ready', 'one', 'two', 'three', '']);
  });
});

describe('a summary', () => {
  const observed = {
    metrics: { watch: () => undefined },
    ...{ connections: () => 3, queues: () => [], ringing: () => [] },
    waitingLetters: () => Promise.resolve(0),
  };
  const onError = (error: unknown): void => {
    throw error;
  };

  async function shownOn(isTTY: boolean): Promise<string> {
    let written = '';
    const out = {
      isTTY,
      write(...[text]: unknown[]) {
        written += String(text);
        return true;
      },
    };
    const summary = new Summary({ observed, out, err: { ...out, isTTY: false }, demoPage: 'http://demo/', onError });
    await summary.show();
    summary.end();
    return stripVTControlCharacters(written);
  }

  test('is there at once on a terminal, with the address of the demo page', async () => {
    expect(await shownOn(true)).toMatch(/http:\/\/demo\/[\s\S]*Connections +3\n/);
  });

  test('is silent elsewhere as long as nothing happens', async () => {
    expect(await shownOn(false)).toBe('');
  });
});
