/** How much a bench does: enough for figures, or as little as shows that it works. */
export type Size = 'full' | 'tiny';

/** Numbers and words in rows, under headings. */
export interface Table {
  title: string;
  columns: string[];
  rows: (string | number)[][];
}

/** A figure that was hoped for, and the one that was measured. */
export interface Goal {
  what: string;
  measured: number;
  /** One of the two. */
  atMost?: number;
  atLeast?: number;
}

/** Something that must hold whatever the figures are. */
export interface Check {
  what: string;
  holds: boolean;
}

/** What a bench found out. */
export interface Result {
  tables: Table[];
  /** One paragraph: what the tables show, and what they do not. */
  note: string;
  /** The figures by name, for programs. */
  figures: Record<string, number>;
  goals: Goal[];
  checks: Check[];
}

/** One bench: `node bench/main.ts NAME`. */
export interface Bench {
  name: string;
  title: string;
  run(context: BenchContext): Promise<Result>;
}

export interface BenchContext {
  size: Size;
  /** The synthesized assembly to run, whose bundles are those that would be deployed. */
  assembly: string;
  /** Of the repository. */
  root: string;
  /** A folder that is removed afterwards. */
  scratch: string;
  /** Says how far a bench is. */
  progress(what: string): void;
}

export function isMet({ measured, atMost = Infinity, atLeast = -Infinity }: Goal): boolean {
  return measured <= atMost && measured >= atLeast;
}
