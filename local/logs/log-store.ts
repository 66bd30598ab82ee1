import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, type WriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** One event of a log group. `timestamp` and `ingestionTime` are milliseconds since 1970. */
export type LogEvent = {
  logStreamName: string;
  timestamp: number;
  ingestionTime: number;
  message: string;
};

/** An event with its place in the group: events of one moment keep the order in which they came. */
export type PlacedEvent = LogEvent & { place: number; eventId: string };

/** The log groups of CloudWatch Logs, each a file of JSON lines: `logs/aws/lambda/NAME.jsonl` is the group `/aws/lambda/NAME`. */
export class LogStore {
  readonly #folder: string;
  readonly #writers = new Map<string, WriteStream>();

  /** @param groups the groups there are */
  constructor(folder: string, groups: readonly string[]) {
    this.#folder = folder;
    for (const group of groups) {
      const file = this.#fileOf(group);
      mkdirSync(dirname(file), { recursive: true });
      this.#writers.set(group, createWriteStream(file, { flags: 'a' }));
    }
  }

  has(group: string): boolean {
    return this.#writers.has(group);
  }

  /** Adds an event; what there is no group for is dropped, as without one nothing is logged. */
  write(group: string, logStreamName: string, message: string, timestamp = Date.now()): void {
    const event: LogEvent = { logStreamName, timestamp, ingestionTime: Date.now(), message };
    this.#writers.get(group)?.write(`${JSON.stringify(event)}\n`);
  }

  /** Every event of a group, in the order they came. */
  async read(group: string): Promise<PlacedEvent[]> {
    const writer = this.#writers.get(group);
    // Behind all that was written so far.
    await new Promise<void>((resolve) => (writer ? writer.write('', () => resolve()) : resolve()));
    const file = this.#fileOf(group);
    if (!existsSync(file)) return [];
    const events: PlacedEvent[] = [];
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      const event = parse(line);
      if (event) events.push({ ...event, place: events.length, eventId: idOf(group, events.length) });
    }
    return events;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => new Promise<void>((resolve) => writer.end(resolve))));
  }

  #fileOf(group: string): string {
    return join(this.#folder, ...group.split('/').filter(Boolean)) + '.jsonl';
  }
}

/** The same each time an event is read. */
function idOf(group: string, place: number): string {
  return BigInt(`0x${createHash('sha256').update(`${group} ${place}`).digest('hex').slice(0, 46)}`)
    .toString()
    .padStart(56, '0');
}

/** A kill may leave the last line half written. */
function parse(line: string): LogEvent | undefined {
  try {
    return JSON.parse(line) as LogEvent;
  } catch {
    return undefined;
  }
}
