import { putWherePermitted, type Admission } from '../../platform/access.ts';
import { changeAccessEnd } from '../../platform/connections.ts';
import { deleteRows } from '../../platform/delete-rows.ts';
import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { pause } from '../../platform/pause.ts';
import { readTogether } from '../../platform/read-together.ts';
import type { ChatRow, ConnectionRow } from '../../platform/rows.ts';
import { subscriberKey } from '../connecting/subscriber.ts';
import { ConnectionGone } from '../protocol/errors.ts';
import { Standing, type Listener } from './standing.ts';

/** Thrown when others kept changing the permissions that subscriptions rest on. */
export class SubscriptionsContended extends Error {
  override readonly name = 'SubscriptionsContended';

  constructor() {
    super(`The permissions of subscriptions still changed after ${maxRounds} rounds.`);
  }
}

const maxRounds = 8;

export interface Written {
  /** In the order asked for. */
  settled: { chatId: string; headSequence: number }[];
  /** Chats whose permission was taken away before the row could be written. */
  revoked: string[];
}

/**
 * Writes the subscriptions of a connection to chats that it may listen to, as far as it still may when they are written.
 * Only then are the heads read.
 *
 * @param standing what was read last, for a first try.
 * @throws ConnectionGone, SubscriptionsContended, AWS errors as they are; and then none of the rows stays.
 */
export async function writeSubscriptions(
  listener: Listener,
  standing: Standing,
  chatIds: readonly string[],
  now: number,
): Promise<Written> {
  if (chatIds.length === 0) return { settled: [], revoked: [] };
  try {
    const written = await writePermitted(listener, standing, chatIds, now);
    const heads = await settle(listener, [...written.values()]);
    return {
      settled: chatIds.flatMap((chatId) =>
        written.has(chatId) ? [{ chatId, headSequence: heads.get(chatId) ?? 0 }] : [],
      ),
      revoked: chatIds.filter((chatId) => !written.has(chatId)),
    };
  } catch (error) {
    await leaveNothing(listener, chatIds);
    throw error;
  }
}

/** @returns what was written, by chat; the others have lost their permission. */
async function writePermitted(
  listener: Listener,
  first: Standing,
  chatIds: readonly string[],
  now: number,
): Promise<Map<string, Admission>> {
  const written = new Map<string, Admission>();
  let waiting = admit(first, chatIds, now);
  for (let round = 0; waiting.length > 0; round += 1) {
    if (round === maxRounds) throw new SubscriptionsContended();
    const left = await putWherePermitted(waiting);
    for (const admission of waiting) if (!left.includes(admission)) written.set(admission.row.chatId, admission);
    if (left.length === 0) break;
    await pause(round);
    const unsure = left.map(({ row }) => row.chatId);
    waiting = admit(await Standing.read(listener, unsure), unsure, now);
  }
  return written;
}

/** A socket lives two hours at most, however often its token is renewed: its rows go when the connection's own does. */
function admit(standing: Standing, chatIds: readonly string[], now: number): Admission[] {
  if (standing.connection === undefined) throw new ConnectionGone();
  const { connectionId, userId, frames, connectedAt, expiresAt } = standing.connection;
  const shared = { connectionId, userId, frames, connectedAt, expiresAt };
  const subscriber = subscriberKey(userId, connectionId);
  return chatIds.flatMap((chatId) => {
    const accessExpiresAt = standing.accessEnd(chatId, now);
    if (accessExpiresAt === undefined) return [];
    return [{ row: { ...shared, chatId, subscriber, accessExpiresAt }, permission: standing.permission(chatId) }];
  });
}

/**
 * Brings the rows in line with a token renewed while they were being written. Whatever became of a permission since, its
 * stream has settled it or will: a row that it changed or deleted stays as it is.
 *
 * @returns the heads, read after the rows were written.
 */
async function settle(
  { connectionId }: Listener,
  admissions: readonly Admission[],
): Promise<Map<string, number | undefined>> {
  const [connection, ...chats] = (await readTogether([
    { table: environment.connectionsTable, key: { connectionId } },
    ...admissions.map(({ row: { chatId } }) => ({ table: environment.chatsTable, key: { chatId } })),
  ])) as [ConnectionRow | undefined, ...(ChatRow | undefined)[]];
  if (connection === undefined) throw new ConnectionGone();
  await Promise.all(
    admissions.map(async ({ row, permission }) => {
      const end = Math.min(connection.tokenExpiresAt, permission?.expiresAt ?? Infinity);
      if (end !== row.accessExpiresAt) await changeAccessEnd(row, end);
    }),
  );
  return new Map(admissions.map(({ row }, index) => [row.chatId, chats[index]?.sequence]));
}

/** What nobody was told of must not go on by itself. Should this fail, too, the rows end with their access. */
async function leaveNothing({ connectionId, userId }: Listener, chatIds: readonly string[]): Promise<void> {
  const subscriber = subscriberKey(userId, connectionId);
  try {
    await deleteRows(chatIds.map((chatId) => ({ table: environment.subscriptionsTable, key: { chatId, subscriber } })));
  } catch (error) {
    logger.error('Subscriptions that failed stay behind', { connectionId, cause: errorSummary(error) });
  }
}
