import {
  markLarge,
  readSubscriptionsBetween,
  subscriptionPages,
  type ListeningRow,
} from '../../platform/connections.ts';
import { environment } from '../../platform/environment.ts';
import { toSeconds } from '../clock.ts';
import { largeChatMarker, rangeOfSlot } from './large-chats.ts';

/** One connection that should get a chat's messages. */
export type Subscriber = Omit<ListeningRow, 'accessExpiresAt'>;

/**
 * Who listens to a chat right now; or `large`, once they are too many for one function to serve in good time, and from
 * then on. Rows whose access has ended are still there until DynamoDB deletes them, which takes days: they get nothing.
 */
export async function readSubscribers(chatId: string, now = Date.now()): Promise<Subscriber[] | 'large'> {
  const most = environment.largeChatSubscribers;
  const live: ListeningRow[] = [];
  for await (const page of subscriptionPages(chatId, most + 1)) {
    if (page[0]?.subscriber === largeChatMarker) return 'large';
    live.push(...page.filter((row) => mayReceive(row, now)));
    if (live.length > most) {
      await markLarge(chatId, largeChatMarker, new Date(now).toISOString());
      return 'large';
    }
  }
  return live;
}

/** Who listens, of those in one slot of a large chat. */
export async function readSubscribersInSlot(chatId: string, slot: number, now = Date.now()): Promise<Subscriber[]> {
  const rows = await readSubscriptionsBetween(chatId, rangeOfSlot(slot));
  return rows.filter((row) => mayReceive(row, now));
}

function mayReceive({ accessExpiresAt }: ListeningRow, now: number): boolean {
  return accessExpiresAt > toSeconds(now);
}

/**
 * Whether a connection is so young that API Gateway may answer 410 for it although it lives: `$connect` writes the rows
 * before it returns, and only then does the connection exist.
 */
export function isYoung({ connectedAt }: Pick<Subscriber, 'connectedAt'>, now = Date.now()): boolean {
  return now - Date.parse(connectedAt) < environment.youngConnectionSeconds * 1000;
}
