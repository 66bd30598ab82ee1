import type * as real from '../../../functions/platform/connections.ts';

export const subscriptionPages: typeof real.subscriptionPages = async function* (_chatId, most) {
  yield await world.aws.subscribers('', '~', most);
};

export const readSubscriptionsBetween: typeof real.readSubscriptionsBetween = (_chatId, { from, to }) =>
  world.aws.subscribers(from, to, Infinity);

export const readSubscription: typeof real.readSubscription = async ({ chatId, subscriber }) => {
  const [row] = await world.aws.subscribers(subscriber, subscriber, 1);
  return row && { ...row, chatId, userId: '', expiresAt: row.accessExpiresAt };
};

export const markLarge: typeof real.markLarge = async () => undefined;

/** Nobody is gone in a simulation. */
export const rowKeysOf: typeof real.rowKeysOf = () => [];
export const findSubscriptions: typeof real.findSubscriptions = async () => [];
