import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Json } from './json.ts';

/** An execution that was acknowledged: what it takes to begin it again. */
export type Acknowledged = { arn: string; machineArn: string; name: string; input: Json };

type Line = { began: Acknowledged } | { ended: string };

/** Past so many lines the file is written anew, when nothing in it is of use. */
const linesKept = 1_000;

/**
 * Remembers the asynchronous executions that have begun and not ended, on disk: what StartExecution acknowledged must not be lost with
 * the process.
 */
export class Journal {
  readonly #file: string;
  readonly #unfinished: Map<string, Acknowledged>;
  #lines = 0;

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    this.#unfinished = new Map(readLines(file).map((acknowledged) => [acknowledged.arn, acknowledged]));
    this.#rewrite();
  }

  /** What has not ended, in the order it began. */
  get unfinished(): Acknowledged[] {
    return [...this.#unfinished.values()];
  }

  began(execution: Acknowledged): void {
    this.#unfinished.set(execution.arn, execution);
    this.#append({ began: execution });
  }

  ended(arn: string): void {
    this.#unfinished.delete(arn);
    if (this.#unfinished.size === 0 && this.#lines > linesKept) this.#rewrite();
    else this.#append({ ended: arn });
  }

  #append(line: Line): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#lines++;
  }

  #rewrite(): void {
    const lines = this.unfinished.map((began) => `${JSON.stringify({ began })}\n`);
    writeFileSync(this.#file, lines.join(''));
    this.#lines = lines.length;
  }
}

function readLines(file: string): Acknowledged[] {
  if (!existsSync(file)) return [];
  const unfinished = new Map<string, Acknowledged>();
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    const line = parse(text);
    if (line && 'began' in line) unfinished.set(line.began.arn, line.began);
    else if (line) unfinished.delete(line.ended);
  }
  return [...unfinished.values()];
}

/** A kill may leave the last line half written: then nobody was told of it yet. */
function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
