/** Calls the listener; what it throws is its own: it surfaces as an uncaught error, as with DOM events, and stops nobody else. */
export function callListener<Event>(listener: ((event: Event) => unknown) | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Typed events: a name, one value. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => unknown>>();

  /** Listens until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => unknown): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      callListener(listener as (event: Events[Name]) => unknown, event);
    }
  }
}
