import type { Deadline } from '../../../functions/domain/deadline.ts';
import { handToSlots } from '../../../functions/domain/delivery/fan-out-jobs.ts';
import { fanOut } from '../../../functions/domain/delivery/fan-out.ts';
import { readSubscribers } from '../../../functions/domain/delivery/subscribers.ts';

export { deadlineBefore } from '../../../functions/domain/deadline.ts';
export { retryDelivery, secondsUntilNextTry } from '../../../functions/domain/delivery/retry.ts';
export { serveSlots } from '../../../functions/domain/delivery/serve-slots.ts';

/** What the processor does with a run once it is committed. */
export async function deliver(chatId: string, frames: string[], ids: string[], deadline: Deadline): Promise<void> {
  const messages = ids.map((messageId) => ({ messageId, kind: 'sequenced' as const }));
  const delivery = { chatId, frames, messages, ordered: true };
  const subscribers = await readSubscribers(chatId);
  if (subscribers === 'large') await handToSlots(delivery);
  else await fanOut(delivery, subscribers, deadline);
}
