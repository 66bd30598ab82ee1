import { readSubscriptions, type ListeningRow } from '../../platform/connections.ts';
import { environment } from '../../platform/environment.ts';
import { toSeconds } from '../clock.ts';

/** One connection that should get a chat's messages. */
export type Subscriber = Omit<ListeningRow, 'accessExpiresAt'>;

/**
 * Who listens to a chat right now. Rows whose access has ended are still there until DynamoDB deletes them, which takes
 * days: they get nothing.
 */
export async function readSubscribers(chatId: string, now = Date.now()): Promise<Subscriber[]> {
  const rows = await readSubscriptions(chatId);
  return rows.filter(({ accessExpiresAt }) => accessExpiresAt > toSeconds(now));
}

/**
 * Whether a connection is so young that API Gateway may answer 410 for it although it lives: `$connect` writes the rows
 * before it returns, and only then does the connection exist.
 */
export function isYoung({ connectedAt }: Pick<Subscriber, 'connectedAt'>, now = Date.now()): boolean {
  return now - Date.parse(connectedAt) < environment.youngConnectionSeconds * 1000;
}
