import { setTimeout as delay } from 'node:timers/promises';

const PROBE_MS = 20;

/** Resolves with what `probe` finds as soon as it is not undefined; rejects when it finds nothing in time. */
export async function eventually<Found>(
  what: string,
  probe: () => Found | undefined | Promise<Found | undefined>,
  timeoutMs = 10_000,
): Promise<Found> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${String(timeoutMs)} ms in vain for ${what}.`);
    }
    await delay(PROBE_MS);
  }
}
