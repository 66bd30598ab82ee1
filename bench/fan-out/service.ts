import { fanOut } from '../../functions/domain/delivery/fan-out.ts';
import type { Subscriber } from '../../functions/domain/delivery/subscribers.ts';
import type { Variant } from './variant.ts';

/** What the processor does with a message once it is committed: the code that is deployed. */
export const variant: Variant = {
  recipients: (ids): Subscriber[] =>
    ids.map((connectionId) => ({
      connectionId,
      subscriber: `00#user#${connectionId}`,
      frames: 'single',
      connectedAt: '2026-01-01T00:00:00.000Z',
    })),
  send: (text, recipients: Subscriber[]) =>
    fanOut({ chatId: 'chat', frames: [text], messages: [], ordered: true }, recipients, { hasPassed: () => false }),
};
