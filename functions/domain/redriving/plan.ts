import type { Deadline } from '../deadline.ts';
import { type Order, readOrder } from './order.ts';
import { select, type Selectable, type Verdict } from './select.ts';

/** What a redrive would do with one letter, and why. */
export interface PlannedLetter {
  arrival: string;
  messageId?: string;
  chatId?: string;
  outcome: 'redrive' | 'discard' | 'skip';
  why: string;
}

/** What a redrive would count. `complete`: false when there was no time to look at all letters. */
export interface Plan {
  examined: number;
  matched: number;
  skipped: number;
  complete: boolean;
  sample: PlannedLetter[];
}

/** Letters told one by one, oldest first. */
const sampleSize = 20;

/**
 * Looks at letters as a redrive that started now would, and writes nothing.
 *
 * @param given an order, as it came.
 * @throws InvalidInput; AWS errors as they are.
 */
export async function plan(given: unknown, deadline: Deadline, now = Date.now()): Promise<Plan> {
  const order = readOrder(given);
  const sample: PlannedLetter[] = [];
  const selected = await select(
    {
      order,
      after: undefined,
      until: now,
      failedGroups: new Set(),
      most: order.maxMessages,
      goesOn: () => !deadline.hasPassed(),
    },
    (letter, verdict) => {
      if (verdict !== 'other' && sample.length < sampleSize) sample.push(planned(letter, verdict, order));
    },
  );
  const { examined, matched, skipped, taken, finished } = selected;
  return { examined, matched, skipped, complete: finished || taken.length === order.maxMessages, sample };
}

function planned({ arrival, messageId, chatId }: Selectable, verdict: Verdict, order: Order): PlannedLetter {
  return {
    arrival,
    ...(messageId !== undefined && { messageId }),
    ...(chatId !== undefined && { chatId }),
    outcome: verdict === 'skip' ? 'skip' : order.mode,
    why: verdict === 'skip' ? 'its sender may not send to its chat now' : whyTaken(order),
  };
}

function whyTaken({ mode, includeRevokedSenders }: Order): string {
  if (mode === 'discard') return 'it is meant by the filter';
  if (includeRevokedSenders) return 'it is meant by the filter, whatever its sender may do now';
  return 'it is meant by the filter, and nothing forbids its sender to send it now';
}
