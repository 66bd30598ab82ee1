import { errorSummary, logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import { Slots } from '../delivery/slots.ts';
import { isOwnChannel } from '../permission.ts';
import { announce, type Revocation } from './announce.ts';
import type { PermissionEvent } from './permission-event.ts';
import { settle } from './settle.ts';

/** How many people's subscriptions are brought in line at once. */
const membershipsAtOnce = 16;

/**
 * Lets subscriptions follow the permissions they rest on. First all rows, since those decide who receives what, and only
 * then the frames that tell people, which are a courtesy and take a moment at most.
 *
 * Events of one permission are one matter, however many they are: whatever they tell, it is settled by what holds now.
 *
 * @returns the ids of events that could not be dealt with and must come again; never throws.
 */
export async function followPermissions(events: readonly PermissionEvent[]): Promise<string[]> {
  const slots = new Slots(membershipsAtOnce);
  const failed: string[] = [];
  const revocations: Revocation[] = [];
  await Promise.all(
    byMembership(events).map((about) =>
      slots.run(async () => {
        try {
          revocations.push(...(await follow(about)));
        } catch (error) {
          const [{ userId, chatId } = {}, eventIds] = [about[0], about.map(({ id }) => id)];
          const what = { userId, chatId, eventIds, cause: errorSummary(error) };
          logger.error('Subscriptions could not follow a permission', what);
          failed.push(...eventIds);
        }
      }),
    ),
  );
  await announce(revocations);
  return failed;
}

/**
 * The events that matter, one list a person and chat. Nobody can lose their own channel; and the row that is written every
 * minute, so that this function can be seen to be handed something, is shaped like one, of a name no person or chat can have.
 */
function byMembership(events: readonly PermissionEvent[]): PermissionEvent[][] {
  const groups = Map.groupBy(
    events.filter(({ userId, chatId, kind }) => kind !== 'of no consequence' && !isOwnChannel(userId, chatId)),
    ({ userId, chatId }) => `${userId}#${chatId}`,
  );
  return [...groups.values()];
}

async function follow(about: readonly PermissionEvent[]): Promise<Revocation[]> {
  const last = about.at(-1);
  if (last === undefined) return [];
  const { userId, chatId, kind } = last;
  const rows = await settle({ userId, chatId }, kind === 'removed');
  count('RevokedSubscriptions', rows.length);
  // A permission that was not removed, and yet is none, has run out.
  const reason = kind === 'removed' ? last.reason : 'expired';
  return rows.map(({ connectionId }) => ({ connectionId, chatId, reason }));
}
