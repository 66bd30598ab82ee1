/** A definition that cannot be run as it is written; the message names every reason. */
export class RefusedDefinition extends Error {
  readonly problems: readonly string[];

  constructor(name: string, problems: readonly string[]) {
    super(`The definition of ${name} is refused:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'RefusedDefinition';
    this.problems = problems;
  }
}

/** Collects what is wrong, with the place of it, so that one look shows all. */
export class Problems {
  readonly found: string[] = [];

  add(place: string, problem: string): void {
    this.found.push(`${place}: ${problem}`);
  }

  /** What `read` gives; undefined, and the problem kept, when it throws. */
  attempt<T>(place: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.add(place, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}
