import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A row's key in the wire's JSON shape, e.g. `{userId: {S: 'ada'}}`. */
export type Key = Record<string, Record<string, unknown>>;

/** Stream records are kept for 24 hours, and so is the knowledge which deletions were the sweeper's. */
const KEPT_MS = 24 * 60 * 60 * 1_000;

interface Sweep {
  at: number;
  /** Whether it was the sweeper that deleted the row; pending while the engine is being asked. */
  deleted: Promise<boolean>;
}

/**
 * Which deletions were the TTL sweeper's. On AWS such a deletion's stream record says so (userIdentity); the engines' records cannot, so the
 * sweeper notes each row here before it deletes it, and the stream reader asks. Kept in a file: a record may be read after a restart.
 */
export class SweptRows {
  readonly #file: string;
  readonly #sweeps = new Map<string, Sweep>();

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    this.#load();
  }

  /**
   * Deletes a row by `attempt`, which tells whether it did. A crash in between leaves the row noted as swept: it was expired, and the
   * sweeper's next round deletes it if this one did not.
   */
  async sweep(table: string, key: Key, expiry: string, attempt: () => Promise<boolean>): Promise<void> {
    const row = idOf(table, key, expiry);
    const at = Date.now();
    this.#append({ row, at });
    const deleted = attempt();
    const sweep = { at, deleted: deleted.catch(() => true) };
    this.#sweeps.set(row, sweep);
    this.#forgetOld();
    if (!(await deleted)) {
      this.#sweeps.delete(row);
      this.#append({ row });
    }
  }

  /** Whether the deletion of the row that had this key and this expiry was the sweeper's. */
  async has(table: string, key: Key, expiry: string): Promise<boolean> {
    return (await this.#sweeps.get(idOf(table, key, expiry))?.deleted) ?? false;
  }

  #append(line: { row: string; at?: number }): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  #load(): void {
    const lines = existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n') : [];
    for (const line of lines) {
      const entry = parse(line);
      if (entry?.at !== undefined) {
        this.#sweeps.set(entry.row, { at: entry.at, deleted: Promise.resolve(true) });
      } else if (entry) {
        this.#sweeps.delete(entry.row);
      }
    }
    this.#forgetOld();
    const kept = [...this.#sweeps].map(([row, { at }]) => `${JSON.stringify({ row, at })}\n`);
    writeFileSync(this.#file, kept.join(''));
  }

  /** The map keeps insertion order, so the old ones come first. */
  #forgetOld(): void {
    const oldest = Date.now() - KEPT_MS;
    for (const [row, { at }] of this.#sweeps) {
      if (at >= oldest) {
        return;
      }
      this.#sweeps.delete(row);
    }
  }
}

function idOf(table: string, key: Key, expiry: string): string {
  const sorted = Object.entries(key).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([table, sorted, expiry]);
}

/** A kill may leave the last line half written. */
function parse(line: string): { row: string; at?: number } | undefined {
  try {
    return JSON.parse(line) as { row: string; at?: number };
  } catch {
    return undefined;
  }
}
