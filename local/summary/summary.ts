import { type Figures, figuresOf } from './figures.ts';
import { Lines } from './lines.ts';
import type { Observed } from './observed.ts';
import { pictureOf } from './picture.ts';
import { Recent } from './recent.ts';
import { type Other, Screen, type Terminal } from './screen.ts';

export type SummarySettings = {
  observed: Observed;
  out: Terminal & { isTTY?: boolean };
  /** What else may be on the same terminal. */
  err: Other & { isTTY?: boolean };
  /** The demo page's address, to be in sight. */
  demoPage: string;
  onError: (error: unknown) => void;
};

const screenMs = 1_000;
const linesMs = 10_000;

/** Shows what goes on: on a terminal as a few rows that change in place, elsewhere as a line now and then. */
export class Summary {
  readonly #settings: SummarySettings;
  readonly #look: () => Promise<Figures>;
  readonly #ends: (() => void)[] = [];

  /** From here on what happens is counted. */
  constructor(settings: SummarySettings) {
    this.#settings = settings;
    const recent = new Recent();
    settings.observed.metrics.watch((datum) => recent.take(datum));
    this.#look = lookOn(settings.observed, recent);
  }

  /** Begins to write. */
  async show(): Promise<void> {
    const first = await this.#look();
    if (this.#settings.out.isTTY === true) this.#showScreen(first);
    else this.#showLines(first);
  }

  /** Ends writing; what is shown stays. */
  end(): void {
    for (const end of this.#ends) end();
  }

  #showScreen(first: Figures): void {
    const { out, err, demoPage, onError } = this.#settings;
    const screen = new Screen(out);
    if (err.isTTY === true) this.#ends.push(screen.letWrite(err));
    out.write('\n');
    screen.show(pictureOf(first, demoPage));
    this.#ends.push(every(screenMs, onError, async () => screen.show(pictureOf(await this.#look(), demoPage))));
  }

  #showLines(first: Figures): void {
    const { out, onError } = this.#settings;
    const lines = new Lines(first);
    const write = async (): Promise<void> => {
      const line = lines.next(await this.#look());
      if (line !== undefined) out.write(`${line}\n`);
    };
    this.#ends.push(every(linesMs, onError, write));
  }
}

/** Letters are counted anew only when some came or went. */
function lookOn(observed: Observed, recent: Recent): () => Promise<Figures> {
  let deadLetters = 0;
  let countedAt = -1;
  return async () => {
    const { lettersMoved } = recent.counts;
    if (lettersMoved !== countedAt) {
      deadLetters = await observed.waitingLetters();
      countedAt = lettersMoved;
    }
    const now = Date.now();
    const { published, failedExecutions } = recent.counts;
    return figuresOf({
      ...{ now, published, failedExecutions, deadLetters },
      data: recent.data(now),
      connections: observed.connections(),
      queues: observed.queues(),
      alarms: observed.ringing(),
    });
  };
}

/**
 * Does something again and again, one at a time; what fails is said, and done again the next time.
 * @returns what ends it
 */
function every(milliseconds: number, onError: (error: unknown) => void, task: () => Promise<void>): () => void {
  let ended = false;
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    task()
      .catch((error: unknown) => {
        if (!ended) onError(error);
      })
      .finally(() => {
        busy = false;
      });
  }, milliseconds);
  timer.unref();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}
