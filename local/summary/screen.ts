/** A terminal, as far as it is written to. */
export type Terminal = { write(text: string): unknown; columns?: number | undefined; rows?: number | undefined };

/** Something else that writes to the same terminal. */
export type Other = { write(...args: unknown[]): boolean };

/** https://vt100.net/docs/vt100-ug/chapter3.html: CUU, EL and ED. */
const up = (lines: number): string => (lines > 0 ? `\x1b[${lines}A` : '');
const restOfLine = '\x1b[K';
const restOfScreen = '\x1b[J';

/**
 * A few rows at the end of what a terminal shows, each time written over the last ones. What was printed before stays above them, and so
 * does what others print meanwhile: the terminal scrolls as ever. Between two writes the cursor is at the beginning of the row below.
 */
export class Screen {
  readonly #terminal: Terminal;
  #shown: string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Rows that are too long or too many are cut: none may wrap or scroll, or the next ones would miss their place. */
  show(rows: readonly string[]): void {
    const { columns, rows: height } = this.#size();
    const back = this.#back();
    this.#shown = rows.slice(0, Math.max(1, height - 1)).map((row) => row.slice(0, Math.max(1, columns - 1)));
    this.#terminal.write(`${back}${this.#shown.map((row) => `${row}${restOfLine}\n`).join('')}${restOfScreen}`);
  }

  /**
   * Lets another stream to the same terminal write above the rows.
   * @returns what ends that
   */
  letWrite(other: Other): () => void {
    const write = other.write;
    other.write = (...args) => {
      const shown = this.#shown;
      this.#terminal.write(`${this.#back()}${restOfScreen}`);
      this.#shown = [];
      const more = write.apply(other, args);
      if (!/\n$/.test(String(args[0]))) write.call(other, '\n');
      this.show(shown);
      return more;
    };
    return () => {
      other.write = write;
    };
  }

  /** To the first of the rows shown. A terminal that became narrower has wrapped them. */
  #back(): string {
    const { columns } = this.#size();
    const heights = this.#shown.map((row) => Math.max(1, Math.ceil(row.length / columns)));
    return `\r${up(heights.reduce((sum, height) => sum + height, 0))}`;
  }

  /** Some terminals do not know their size, or say 0. */
  #size(): { columns: number; rows: number } {
    const { columns = 0, rows = 0 } = this.#terminal;
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
  }
}
