import { findSubscriptions, rowKeysOf } from '../../platform/connections.ts';
import { deleteRows } from '../../platform/delete-rows.ts';

/**
 * Removes what is stored about a connection that has ended: its subscriptions, found through their index, and its own
 * row. The index lags a little, so a subscription made a moment ago may be missed: it goes with its first 410, or by TTL.
 */
export async function removeConnection(connectionId: string): Promise<void> {
  await deleteRows(rowKeysOf(connectionId, await findSubscriptions(connectionId)));
}
