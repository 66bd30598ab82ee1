import { findSubscriptions } from '../../platform/connections.ts';
import { count } from '../../platform/metrics.ts';
import { readFirstSequence } from '../history/first-sequence.ts';
import { chatIdRule, isChatId } from '../protocol/chat-id.ts';
import { ConnectionGone, Forbidden, InvalidRequest } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { invalid } from '../protocol/parse.ts';
import type { Subscribed } from '../protocol/server-frames.ts';
import { requireLiveToken } from '../token.ts';
import { spendSubscriptions } from './allowance.ts';
import { Standing, type Listener } from './standing.ts';
import { writeSubscriptions } from './write-subscriptions.ts';

/**
 * Lets a connection listen to chats. The order of things is what keeps strangers out and messages in:
 *
 * 1. the permission is read: a stranger's row is not even tried;
 * 2. the row is written, in one transaction with a check of the permission: one taken away before this refuses the row,
 *    one taken away later finds it, even when this function dies in between;
 * 3. the head is read, strongly: a message numbered above it is committed later, and whoever commits it then reads the row.
 *
 * So what comes after the head comes live, and what is missing up to it is the client's to replay. A token renewed in the
 * meantime is seen in step 3, too; so is a connection that has closed, and then nothing stays behind.
 *
 * @throws Unauthorized when the token has ended; ConnectionGone; TooManyRequests; AWS errors as they are, and then no row stays
 * either.
 */
export async function subscribe(listener: Listener, chatIds: readonly string[], now = Date.now()): Promise<Subscribed> {
  const { connectionId } = listener;
  const asked = [...new Set(chatIds)];
  const named = asked.filter(isChatId);
  const [standing, held] = await Promise.all([Standing.read(listener, named), findSubscriptions(connectionId)]);
  requireLiveToken(listener, standing.connection, now);
  if (standing.connection === undefined) throw new ConnectionGone();

  const refused = new Map<string, Error>();
  for (const chatId of asked) if (!isChatId(chatId)) refused.set(chatId, invalidChatId(chatId));
  const subscribed = new Set(held.map(({ chatId }) => chatId));
  const permitted: string[] = [];
  for (const chatId of named) {
    if (!standing.mayListen(chatId, now)) refused.set(chatId, new Forbidden(mayNotJoin));
    else if (!subscribed.has(chatId) && subscribed.size >= limits.subscriptionsPerConnection)
      refused.set(chatId, new Error(tooMany));
    else {
      subscribed.add(chatId);
      permitted.push(chatId);
    }
  }

  await spendSubscriptions(listener.userId, permitted.length, now);
  const { settled, revoked } = await writeSubscriptions(listener, standing, permitted, now);
  count('Subscribed', settled.length);
  for (const chatId of revoked) refused.set(chatId, new Forbidden(mayNotJoin));
  return {
    type: 'subscribed',
    chats: await Promise.all(
      settled.map(async ({ chatId, headSequence }) => ({
        chatId,
        headSequence,
        firstSequence: await readFirstSequence(chatId, headSequence, now),
      })),
    ),
    refused: asked.flatMap((chatId) => {
      const error = refused.get(chatId);
      return error === undefined ? [] : [{ chatId, error: error.message }];
    }),
  };
}

const mayNotJoin = 'You do not have permission to join this chat.';
const tooMany = `Too many subscriptions: a connection may have ${limits.subscriptionsPerConnection}.`;

function invalidChatId(chatId: string): Error {
  return new InvalidRequest(invalid('chatId', chatIdRule)({ input: chatId }));
}
