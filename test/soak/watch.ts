import { setTimeout as delay } from 'node:timers/promises';
import type { EdgeControl, ProcessUsage } from '../setup/edge-control.ts';

const everyMs = 1_000;
/** Garbage comes and goes; the least of so many samples is about what is in use. */
const samplesAWindow = 10;
/** Functions are started, and caches filled, in the first part of a run: it is not compared. */
const warmUpShare = 0.2;

type Measure = keyof ProcessUsage;

/** How much more of something there may be in the last third of a run than in the first, of what there was in the first. */
export type Bound = { measure: Measure; share: number; atLeast: number };

const mebibyte = 2 ** 20;

/** A leak of an object for each message or call passes these within minutes; what V8 is slow to give back does not. */
export const bounds: Bound[] = [
  { measure: 'rss', share: 0.3, atLeast: 96 * mebibyte },
  { measure: 'heapUsed', share: 0.3, atLeast: 48 * mebibyte },
  { measure: 'fileDescriptors', share: 0.2, atLeast: 40 },
  { measure: 'webSockets', share: 0.1, atLeast: 10 },
  { measure: 'environments', share: 0.2, atLeast: 12 },
];

/** Of one measure: the middle of the first third and of the last, and what it gains a minute in between. */
export type Slope = { measure: Measure; first: number; last: number; perMinute: number; flat: boolean };

/** Follows what the embedded cloud's process takes of the machine. */
export class Watch {
  readonly #edge: EdgeControl;
  readonly #samples: { at: number; usage: ProcessUsage }[] = [];

  constructor(edge: EdgeControl) {
    this.#edge = edge;
  }

  get latest(): ProcessUsage | undefined {
    return this.#samples.at(-1)?.usage;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      this.#samples.push({ at: Date.now(), usage: await this.#edge.usage() });
      await delay(everyMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  /** None of a run too short to compare anything. */
  slopes(): Slope[] {
    const windows = this.#windows();
    const warm = windows.slice(Math.floor(windows.length * warmUpShare));
    const third = Math.floor(warm.length / 3);
    if (third === 0) return [];
    return bounds.flatMap((bound) => {
      const [first, last] = [warm.slice(0, third), warm.slice(-third)].map((part) => middleOf(part, bound.measure));
      return first && last ? [slopeOf(bound, first, last)] : [];
    });
  }

  #windows(): Window[] {
    const count = Math.floor(this.#samples.length / samplesAWindow);
    return Array.from({ length: count }, (_none, index) => {
      const samples = this.#samples.slice(index * samplesAWindow, (index + 1) * samplesAWindow);
      const least = (measure: Measure): number => Math.min(...samples.map(({ usage }) => usage[measure] ?? NaN));
      return { at: samples[0]?.at ?? 0, least };
    });
  }
}

type Window = { at: number; least: (measure: Measure) => number };
type Middle = { at: number; value: number };

function middleOf(windows: readonly Window[], measure: Measure): Middle | undefined {
  const values = windows.map(({ least }) => least(measure)).sort((a, b) => a - b);
  const value = values[Math.floor(values.length / 2)];
  const at = windows[Math.floor(windows.length / 2)]?.at;
  return value === undefined || Number.isNaN(value) || at === undefined ? undefined : { at, value };
}

function slopeOf({ measure, share, atLeast }: Bound, first: Middle, last: Middle): Slope {
  const gained = last.value - first.value;
  return {
    measure,
    first: first.value,
    last: last.value,
    perMinute: (gained / (last.at - first.at)) * 60_000,
    flat: gained <= Math.max(atLeast, share * first.value),
  };
}
