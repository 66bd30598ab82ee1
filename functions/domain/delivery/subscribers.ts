import { environment } from '../../platform/environment.ts';
import { queryAll } from '../../platform/query-all.ts';
import type { SubscriptionRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';

/** One connection that should get a chat's messages. */
export type Subscriber = Pick<SubscriptionRow, 'subscriber' | 'connectionId' | 'frames' | 'connectedAt'>;

/**
 * Who listens to a chat right now, read strongly. Rows whose access has ended are still there until DynamoDB deletes
 * them, which takes days: they get nothing.
 */
export async function readSubscribers(chatId: string, now = Date.now()): Promise<Subscriber[]> {
  const rows = await queryAll<Subscriber & Pick<SubscriptionRow, 'accessExpiresAt'>>({
    TableName: environment.subscriptionsTable,
    KeyConditionExpression: 'chatId = :chatId',
    ExpressionAttributeValues: { ':chatId': chatId },
    ProjectionExpression: 'subscriber, connectionId, frames, connectedAt, accessExpiresAt',
    ConsistentRead: true,
  });
  return rows.filter(({ accessExpiresAt }) => accessExpiresAt > toSeconds(now));
}

/**
 * Whether a connection is so young that API Gateway may answer 410 for it although it lives: `$connect` writes the rows
 * before it returns, and only then does the connection exist.
 */
export function isYoung({ connectedAt }: Pick<Subscriber, 'connectedAt'>, now = Date.now()): boolean {
  return now - Date.parse(connectedAt) < environment.youngConnectionSeconds * 1000;
}
