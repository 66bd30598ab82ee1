import type { Json } from '../json.ts';

/** What an event says; a part that is undefined is not said. */
export type Details = Record<string, unknown>;

/** One event of an execution, with the type and the details that GetExecutionHistory and the vended logs give it. */
export type HistoryEvent = {
  id: number;
  previousId: number;
  type: string;
  /** Milliseconds since 1970. */
  at: number;
  details: Details;
};

/** The events of one run, in the order they happened. */
export class History {
  readonly events: HistoryEvent[] = [];
  readonly #now: () => number;
  readonly #listener: (event: HistoryEvent) => void;

  constructor(now: () => number, listener: (event: HistoryEvent) => void = () => undefined) {
    this.#now = now;
    this.#listener = listener;
  }

  /** Adds an event after another; gives its id. */
  add(type: string, previousId: number, details: Details = {}): number {
    const event = { id: this.events.length + 1, previousId, type, at: this.#now(), details };
    this.events.push(event);
    this.#listener(event);
    return event.id;
  }

  /** The states that were entered, in order, inner ones included. */
  get states(): string[] {
    return this.events
      .filter(({ type }) => type.endsWith('StateEntered'))
      .map(({ details }) => String(details['name']));
  }
}

/** A value as events tell it: its JSON text. */
export function dataOf(name: 'input' | 'output', value: Json): Details {
  return { [name]: JSON.stringify(value), [`${name}Details`]: { truncated: false } };
}
