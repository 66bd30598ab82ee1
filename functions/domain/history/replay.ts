import type { NumberRange } from '../../platform/history-reads.ts';
import { Forbidden } from '../protocol/errors.ts';
import type { ReplayedMessage } from '../protocol/replay-page.ts';
import type { ReplayRequest } from '../protocol/replay-request.ts';
import type { Replay } from '../protocol/server-frames.ts';
import { Standing, type Listener } from '../subscribing/standing.ts';
import { requireLiveToken } from '../token.ts';
import { readPageAfter } from './by-id.ts';
import { readNumberedPage } from './by-number.ts';
import { readFirstSequence } from './first-sequence.ts';

type ReplayReply = Omit<Replay, 'messages'> & { messages: ReplayedMessage[] };
type Page = Pick<ReplayReply, 'messages' | 'firstSequence' | 'complete' | 'nextSequence' | 'nextMessageId'>;

/**
 * A page of a chat's history, to who may listen to the chat now; it need not be subscribed.
 *
 * @throws Unauthorized when the token has ended; Forbidden without a live permission; AWS errors as they are.
 */
export async function replay(listener: Listener, request: ReplayRequest, now = Date.now()): Promise<ReplayReply> {
  const { chatId, fromSequence, toSequence, afterMessageId } = request;
  const standing = await Standing.read(listener, [chatId], { heads: true });
  requireLiveToken(listener, standing.connection, now);
  if (!standing.mayListen(chatId, now)) throw new Forbidden('You do not have permission to read this chat.');
  const headSequence = standing.head(chatId);
  const page =
    afterMessageId === undefined
      ? await byNumber(chatId, { from: fromSequence ?? 0, to: toSequence ?? headSequence }, headSequence, now)
      : await byId(chatId, afterMessageId, headSequence, now);
  const { messages, ...rest } = page;
  return { type: 'replay', chatId, messages, headSequence, ...rest };
}

/** Nothing is below what history holds, or above the head. */
async function byNumber(chatId: string, { from, to }: NumberRange, head: number, now: number): Promise<Page> {
  const firstSequence = await readFirstSequence(chatId, head, now);
  const range = { from: Math.max(from, firstSequence), to: Math.min(to, head) };
  const { messages, next } = await readNumberedPage(chatId, range, now);
  return {
    messages,
    firstSequence,
    complete: next === undefined,
    ...(next !== undefined && { nextSequence: next }),
  };
}

async function byId(chatId: string, after: string, head: number, now: number): Promise<Page> {
  const [firstSequence, { messages, next }] = await Promise.all([
    readFirstSequence(chatId, head, now),
    readPageAfter(chatId, after, now),
  ]);
  return {
    messages,
    firstSequence,
    complete: next === undefined,
    ...(next !== undefined && { nextMessageId: next }),
  };
}
