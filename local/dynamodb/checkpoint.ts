import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** How far a stream was read: per shard the sequence number of its last record handled, `null` while it had none. */
export interface Position {
  /** The stream's label: another one means another stream, of which nothing was read. */
  label: string;
  shards: Record<string, string | null>;
}

/** A reader's position, in a file so that it survives a restart; in memory alone without one. */
export class Checkpoint {
  readonly #file: string | undefined;
  #position: Position | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
    if (file && existsSync(file)) {
      this.#position = JSON.parse(readFileSync(file, 'utf8')) as Position;
    }
  }

  /** The position in the stream with this label; undefined when it was never read. */
  of(label: string): Position | undefined {
    return this.#position?.label === label ? this.#position : undefined;
  }

  save(position: Position): void {
    this.#position = position;
    if (this.#file) {
      mkdirSync(dirname(this.#file), { recursive: true });
      // Renamed into place: a kill leaves the old position or the new one, never half of one.
      writeFileSync(`${this.#file}.new`, JSON.stringify(position));
      renameSync(`${this.#file}.new`, this.#file);
    }
  }
}
