/** What each connection received: the numbers of the messages, as they came. */
export class Deliveries {
  readonly #received = new Map<string, number[]>();

  record(connectionId: string, numbers: readonly number[]): void {
    const received = this.#received.get(connectionId);
    if (received === undefined) this.#received.set(connectionId, [...numbers]);
    else received.push(...numbers);
  }

  clear(): void {
    this.#received.clear();
  }

  /**
   * What came of `messages` messages, numbered from 1, to so many connections. A repeat is allowed (delivery is at least
   * once), and counted.
   */
  verdict(connections: number, messages: number): Verdict {
    const all = [...this.#received.values()];
    return {
      connections: all.length,
      complete: all.length === connections && all.every((numbers) => new Set(numbers).size === messages),
      late: all.reduce((sum, numbers) => sum + lateIn(numbers), 0),
      repeats: all.reduce((sum, numbers) => sum + numbers.length - new Set(numbers).size, 0),
    };
  }
}

export interface Verdict {
  /** That got anything. */
  connections: number;
  /** Everybody got every message. */
  complete: boolean;
  /** Messages that came, for the first time, after one with a higher number. */
  late: number;
  repeats: number;
}

/** The numbers of the messages in a frame, a batch or a single one. */
export function numbersIn(frame: string): number[] {
  const parsed = JSON.parse(frame) as { sequence?: number; messages?: { sequence?: number }[] };
  return (parsed.messages ?? [parsed]).flatMap(({ sequence }) => (sequence === undefined ? [] : [sequence]));
}

/** Whether the numbers are 1, 2, 3 and so on, whatever order they stand in. */
export function isGapFree(numbers: readonly number[]): boolean {
  return [...numbers].sort((a, b) => a - b).every((number, index) => number === index + 1);
}

function lateIn(numbers: readonly number[]): number {
  let highest = 0;
  let late = 0;
  for (const number of new Set(numbers)) {
    if (number < highest) late += 1;
    else highest = number;
  }
  return late;
}
