import { deleteUnlessPermitted, readSubscriptionsFrom, type Membership } from '../../platform/access.ts';
import { changeAccessEnd } from '../../platform/connections.ts';
import { environment } from '../../platform/environment.ts';
import { pause } from '../../platform/pause.ts';
import { readTogether } from '../../platform/read-together.ts';
import type { ConnectionRow, PermissionRow, SubscriptionRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import { subscriberKey } from '../connecting/subscriber.ts';
import { isLive } from '../permission.ts';

/** Thrown when others kept changing the permission or its subscriptions: what holds now is not known, so try again. */
export class Unsettled extends Error {
  override readonly name = 'Unsettled';

  constructor() {
    super(`A permission and its subscriptions still changed after ${maxRounds} rounds.`);
  }
}

const maxRounds = 5;

/**
 * Brings a person's subscriptions to a chat in line with the permission that holds now: none without one, and with one
 * none that outlives it or its connection's token. Goes round until there is nothing to do, since a connection opening,
 * a token renewed or a new grant may come between reading and writing; each write holds only if what was read still does.
 *
 * @param removed whether the permission is thought to be gone, which spares reading it first
 * @returns the subscriptions that were deleted
 * @throws Unsettled; AWS errors as they are.
 */
export async function settle(membership: Membership, removed: boolean): Promise<SubscriptionRow[]> {
  for (let round = 0; round < maxRounds; round += 1) {
    if (round > 0) await pause(round - 1);
    const rows = await readSubscriptionsFrom(membership.chatId, subscriberKey(membership.userId, ''));
    if (rows.length === 0) return [];
    const permission = removed && round === 0 ? undefined : await readStanding(membership, rows);
    if (permission === undefined) {
      if (await deleteUnlessPermitted(membership, rows, toSeconds(Date.now()))) return rows;
      continue;
    }
    const outdated = rows.filter((row) => permission.endOf(row) !== row.accessExpiresAt);
    if (outdated.length === 0) return [];
    await Promise.all(outdated.map((row) => changeAccessEnd(row, permission.endOf(row))));
  }
  throw new Unsettled();
}

interface Standing {
  /** When a subscription must end, in epoch seconds. */
  endOf(row: SubscriptionRow): number;
}

/** One strong read of the permission and of the connections, for their tokens; nothing when no live permission is there. */
async function readStanding(key: Membership, rows: readonly SubscriptionRow[]): Promise<Standing | undefined> {
  const [permission, ...connections] = (await readTogether([
    { table: environment.permissionsTable, key: { userId: key.userId, chatId: key.chatId } },
    ...rows.map(({ connectionId }) => ({ table: environment.connectionsTable, key: { connectionId } })),
  ])) as [PermissionRow | undefined, ...(ConnectionRow | undefined)[]];
  if (!isLive(permission, toSeconds(Date.now()))) return undefined;
  const tokenEnds = new Map(connections.map((connection) => [connection?.connectionId, connection?.tokenExpiresAt]));
  return {
    // A connection that is closing has no row any more, and nothing to gain.
    endOf: ({ connectionId, accessExpiresAt }) =>
      Math.min(tokenEnds.get(connectionId) ?? accessExpiresAt, permission.expiresAt ?? Infinity),
  };
}
