import { slowDeliveryMs } from '../../platform/metric-catalogue.ts';
import { count, measure } from '../../platform/metrics.ts';
import type { Frame } from '../../platform/signed-posts.ts';
import type { TrackedMessage } from '../tracked-message.ts';

/** When the first and the last post of a message arrived, in epoch milliseconds. */
interface Span {
  first: number;
  last: number;
}

/** Remembers when posts of a run's messages arrive, for how long that took. */
export class Arrivals {
  readonly #messages = new Map<Frame, readonly TrackedMessage[]>();
  readonly #spans = new Map<TrackedMessage, Span>();

  /** Says which messages a frame carries; of those without a start nothing is remembered. */
  expect(frame: Frame, messages: readonly TrackedMessage[]): Frame {
    const timed = messages.filter(({ publishedAt }) => publishedAt !== undefined);
    if (timed.length > 0) this.#messages.set(frame, timed);
    return frame;
  }

  /** A post of this frame arrived. */
  note(frame: Frame, now = Date.now()): void {
    for (const message of this.#messages.get(frame) ?? []) {
      const span = this.#spans.get(message);
      if (span === undefined) this.#spans.set(message, { first: now, last: now });
      else span.last = now;
    }
  }

  /** Measures the messages that arrived anywhere. What went to the retry queue is not waited for. */
  measure(): void {
    for (const [{ kind, publishedAt = 0 }, { first, last }] of this.#spans) {
      measure('FirstPostLatency', first - publishedAt, kind);
      measure('DeliveryLatency', last - publishedAt, kind);
      if (last - publishedAt > slowDeliveryMs) count('SlowMessages', 1, kind);
    }
  }
}
