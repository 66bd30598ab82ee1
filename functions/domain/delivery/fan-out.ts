import { errorSummary, logger } from '../../platform/logger.ts';
import type { Deadline } from '../deadline.ts';
import { batchFrames } from '../protocol/frames.ts';
import { postAll, postInOrder } from './post-frames.ts';
import { handToRetryQueue, type UndeliveredFrames } from './retry-queue.ts';
import { isYoung, type Subscriber } from './subscribers.ts';

/** The frames of one run, for every subscriber of its chat. */
export interface FanOut {
  chatId: string;
  frames: readonly string[];
  /** FIFO: each connection gets the frames in order. Otherwise all posts go out at once. */
  ordered: boolean;
}

/**
 * Delivers frames to every subscriber, all in parallel. Whoever cannot be reached is retried alone, so a failed post
 * neither fails the messages nor repeats them to anyone else. Never throws.
 *
 * @returns the subscribers whose connections are gone, whose rows should go, too.
 */
export async function fanOut(
  { chatId, frames, ordered }: FanOut,
  subscribers: readonly Subscriber[],
  deadline: Deadline,
): Promise<Subscriber[]> {
  const single = frames.map((frame) => Buffer.from(frame));
  const batched = frames.length > 1 ? batchFrames(frames).map((frame) => Buffer.from(frame)) : single;
  const post = ordered ? postInOrder : postAll;
  const gone: Subscriber[] = [];
  const undelivered: UndeliveredFrames[] = [];
  await Promise.all(
    subscribers.map(async (to) => {
      const posted = await post(to.connectionId, to.frames === 'batch' ? batched : single, deadline);
      if (posted.state === 'done') return;
      if (posted.state === 'gone' && !isYoung(to)) gone.push(to);
      else undelivered.push({ ...addressOf(chatId, to), frames: posted.left.map(textOf) });
    }),
  );
  await handOver(undelivered);
  return gone;
}

function addressOf(chatId: string, { subscriber, connectionId }: Subscriber): Omit<UndeliveredFrames, 'frames'> {
  return { chatId, subscriber, connectionId };
}

function textOf(frame: Uint8Array): string {
  return Buffer.from(frame).toString('utf8');
}

/** Failing the messages now would repeat them to everyone else; the few who miss them replay from history. */
async function handOver(undelivered: UndeliveredFrames[]): Promise<void> {
  try {
    await handToRetryQueue(undelivered);
  } catch (error) {
    logger.error('Undelivered frames did not reach the retry queue', {
      connections: undelivered.length,
      cause: errorSummary(error),
    });
  }
}
