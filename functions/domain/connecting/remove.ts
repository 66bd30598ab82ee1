import { deleteRows } from '../../platform/delete-rows.ts';
import { environment } from '../../platform/environment.ts';
import { queryAll } from '../../platform/query-all.ts';
import type { SubscriptionRow } from '../../platform/rows.ts';

/**
 * Removes what is stored about a connection that has ended: its subscriptions, found through their index, and its own
 * row. The index lags a little, so a subscription made a moment ago may be missed: it goes with its first 410, or by TTL.
 */
export async function removeConnection(connectionId: string): Promise<void> {
  const subscriptions = await queryAll<Pick<SubscriptionRow, 'chatId' | 'subscriber'>>({
    TableName: environment.subscriptionsTable,
    IndexName: 'byConnection',
    KeyConditionExpression: 'connectionId = :connectionId',
    ExpressionAttributeValues: { ':connectionId': connectionId },
    ProjectionExpression: 'chatId, subscriber',
  });
  await deleteRows([
    ...subscriptions.map(({ chatId, subscriber }) => ({
      table: environment.subscriptionsTable,
      key: { chatId, subscriber },
    })),
    { table: environment.connectionsTable, key: { connectionId } },
  ]);
}
