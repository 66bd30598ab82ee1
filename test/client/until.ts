import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 2;
const PATIENCE_MS = 10_000;

/** Resolves as soon as the condition holds; rejects, naming it, when it does not in 10 s of real time. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  for (const start = performance.now(); !condition(); await delay(POLL_MS)) {
    if (performance.now() - start > PATIENCE_MS) throw new Error(`Waited in vain until ${what}`);
  }
}
