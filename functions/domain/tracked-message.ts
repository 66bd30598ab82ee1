import * as v from 'valibot';
import { metricCatalogue } from '../platform/metric-catalogue.ts';
import type { Envelope } from './protocol/envelope.ts';

const messageKinds = metricCatalogue.Committed.values;

/** How a message travels, as metrics tell messages apart. `sequenced`: FIFO, with a number of the service's own. */
export type MessageKind = (typeof messageKinds)[number];

/** What logs and metrics tell of a message on its way. */
export const TrackedMessage = v.object({
  messageId: v.string(),
  kind: v.picklist(messageKinds),
  /** Epoch milliseconds; only of a message whose latency says something about the service. */
  publishedAt: v.optional(v.number()),
  /** X-Ray's, of a message whose trace is kept. */
  traceHeader: v.optional(v.string()),
});

export type TrackedMessage = v.InferOutput<typeof TrackedMessage>;

export function kindOf({ messageType, generateSequence }: Envelope): MessageKind {
  if (messageType === 'standard') return 'standard';
  return generateSequence ? 'sequenced' : 'fifo';
}

/** A message that came to its queue so long after it was published was redriven: a topic delivers within milliseconds. */
const redrivenAfterMs = 60_000;

/**
 * When a message was published, for a latency to count from. A redriven one has none: it waited for an operator, which
 * says nothing about the service and would set off its alarms.
 *
 * @param sentAt when the message, or the job that carries it, came to its queue; both in epoch milliseconds.
 */
export function startOfLatency(publishedAt: number | undefined, sentAt: number): number | undefined {
  return publishedAt === undefined || sentAt - publishedAt > redrivenAfterMs ? undefined : publishedAt;
}
