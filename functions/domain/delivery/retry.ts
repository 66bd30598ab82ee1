import { readSubscription } from '../../platform/connections.ts';
import { environment } from '../../platform/environment.ts';
import { logger } from '../../platform/logger.ts';
import { closeSocket } from '../../platform/close-socket.ts';
import { frameOf } from '../../platform/signed-posts.ts';
import { toSeconds } from '../clock.ts';
import { removeConnection } from '../connecting/remove.ts';
import type { Deadline } from '../deadline.ts';
import { secondsUntilRetry } from '../processing/return-soon.ts';
import { postInOrder } from './post-frames.ts';
import { handToRetryQueue, readUndelivered } from './retry-queue.ts';
import { isYoung } from './subscribers.ts';

/**
 * Tries again to deliver frames to one connection, if it still listens to the chat and may. After the last try the
 * connection is closed: its client comes back and replays what it missed, which beats a hole it does not know of.
 *
 * @param body of a message in the retry queue.
 * @param tries how often it has been tried, this time included.
 * @returns whether this is settled; if not, it should come again.
 * @throws AWS errors as they are: then it should come again, too.
 */
export async function retryDelivery(body: string, tries: number, deadline: Deadline): Promise<boolean> {
  const undelivered = readUndelivered(body);
  if (undelivered === undefined) {
    logger.error('The retry queue held something unreadable; it is dropped');
    return true;
  }
  const { connectionId, frames } = undelivered;
  const row = await readSubscription(undelivered);
  if (row === undefined || row.accessExpiresAt <= toSeconds(Date.now())) return true;

  const posted = await postInOrder(connectionId, frames.map(frameOf), deadline);
  if (posted.state === 'done') return true;
  const gone = posted.state === 'gone' && !isYoung(row);
  // What arrived must not come again with what did not. A connection that takes some frames has not failed: it starts anew.
  if (!gone && posted.left.length < frames.length) {
    const left = frames.slice(frames.length - posted.left.length);
    return handToRetryQueue([{ ...undelivered, frames: left }], secondsUntilNextTry(1));
  }
  // Frames that there was no time to post say nothing about the connection.
  if (!gone && (tries < maxTries() || deadline.hasPassed())) return false;
  if (!gone) {
    logger.warn('A connection takes no messages and is closed', { connectionId, tries });
    await closeSocket(connectionId);
  }
  await removeConnection(connectionId);
  return true;
}

/** One more than the waits between them. */
function maxTries(): number {
  return environment.deliveryRetrySeconds.length + 1;
}

/** Seconds until frames that were tried `tries` times should be tried again. */
export function secondsUntilNextTry(tries: number): number {
  return secondsUntilRetry(environment.deliveryRetrySeconds, tries);
}
