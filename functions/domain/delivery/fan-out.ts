import { closeSocket } from '../../platform/close-socket.ts';
import { type ErrorSummary, errorSummary, logger } from '../../platform/logger.ts';
import { count, measure } from '../../platform/metrics.ts';
import { frameOf, type Frame } from '../../platform/signed-posts.ts';
import { postsInFlight } from '../../platform/sockets.ts';
import type { Deadline } from '../deadline.ts';
import { batchFrame, packFrames } from '../protocol/frames.ts';
import type { TrackedMessage } from '../tracked-message.ts';
import { Arrivals } from './arrivals.ts';
import { postAll, postInOrder } from './post-frames.ts';
import { handToRetryQueue, type UndeliveredFrames } from './retry-queue.ts';
import { isYoung, type Subscriber } from './subscribers.ts';

/** The frames of one run, for every subscriber of its chat. */
export interface FanOut {
  chatId: string;
  frames: readonly string[];
  /** The messages in the frames, one each; none where they are not known. */
  messages: readonly TrackedMessage[];
  /** FIFO: each connection gets the frames in order. Otherwise all posts go out at once. */
  ordered: boolean;
  /** Of a large chat, the slot that the subscribers are in. */
  slot?: number;
}

/**
 * Delivers frames to every subscriber, all in parallel. Whoever cannot be reached is retried alone, so a failed post
 * neither fails the messages nor repeats them to anyone else. Never throws.
 *
 * @returns the subscribers whose connections are gone, whose rows should go, too.
 */
export async function fanOut(
  { chatId, frames, messages, ordered, slot }: FanOut,
  subscribers: readonly Subscriber[],
  deadline: Deadline,
): Promise<Subscriber[]> {
  const arrivals = new Arrivals();
  const single = frames.map((frame, index) => arrivals.expect(frameOf(frame), messages.slice(index, index + 1)));
  const batched = frames.length > 1 ? batchesOf(frames, messages, arrivals) : single;
  const post = ordered ? postInOrder : postAll;
  const gone: Subscriber[] = [];
  const undelivered: UndeliveredFrames[] = [];
  const deliver = async (to: Subscriber): Promise<void> => {
    const posted = await post(to.connectionId, to.frames === 'batch' ? batched : single, deadline, arrivals);
    if (posted.state === 'done') return;
    if (posted.state === 'gone' && !isYoung(to)) gone.push(to);
    else undelivered.push({ ...addressOf(chatId, to), frames: posted.left.map(({ text }) => text) });
  };
  await eachOf(subscribers, postsInFlight, deliver);
  arrivals.measure();
  measure('FanOutSize', subscribers.length);
  const messageIds = messages.map(({ messageId }) => messageId);
  logger.info('Delivered', {
    messageIds,
    slot,
    connections: subscribers.length,
    gone: gone.length,
    retried: undelivered.length,
  });
  await handOver(undelivered, messageIds);
  return gone;
}

function batchesOf(frames: readonly string[], messages: readonly TrackedMessage[], arrivals: Arrivals): Frame[] {
  let packed = 0;
  return packFrames(frames).map((pack) => {
    const from = packed;
    packed += pack.length;
    return arrivals.expect(frameOf(batchFrame(pack)), messages.slice(from, packed));
  });
}

function addressOf(chatId: string, { subscriber, connectionId }: Subscriber): Omit<UndeliveredFrames, 'frames'> {
  return { chatId, subscriber, connectionId };
}

/**
 * Failing the messages now would repeat them to everyone else. Connections that cannot even be promised another try are
 * closed: their clients come back and replay, which beats a hole they do not know of.
 */
async function handOver(undelivered: UndeliveredFrames[], messageIds: string[]): Promise<void> {
  let refused = undelivered;
  let cause: ErrorSummary = { name: 'RefusedByTheQueue' };
  try {
    refused = await handToRetryQueue(undelivered);
  } catch (error) {
    cause = errorSummary(error);
  }
  const closed = new Set(refused.map(({ connectionId }) => connectionId));
  count('RetriedLater', undelivered.length - closed.size);
  if (closed.size === 0) return;
  count('ClosedForReplay', closed.size);
  logger.error('Undelivered frames did not reach the retry queue; their connections are closed', {
    messageIds,
    connections: closed.size,
    cause,
  });
  await eachOf([...closed], postsInFlight, close);
}

async function close(connectionId: string): Promise<void> {
  try {
    await closeSocket(connectionId);
  } catch (error) {
    logger.error('A connection that misses frames could not be closed', { connectionId, cause: errorSummary(error) });
  }
}

/** At most so many at once: a task for each of ten thousand subscribers would take the memory of ten thousand tasks. */
async function eachOf<T>(items: readonly T[], atOnce: number, task: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const work = async (): Promise<void> => {
    for (const item of left) await task(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
}
