import { closeSocket } from '../../platform/close-socket.ts';
import { readSubscription } from '../../platform/connections.ts';
import { environment } from '../../platform/environment.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import { frameOf } from '../../platform/signed-posts.ts';
import { toSeconds } from '../clock.ts';
import { removeConnection } from '../connecting/remove.ts';
import type { Deadline } from '../deadline.ts';
import { messageIdsIn } from '../protocol/frames.ts';
import { secondsUntilRetry } from '../processing/return-soon.ts';
import { postInOrder } from './post-frames.ts';
import { handToRetryQueue, readUndelivered, type UndeliveredFrames } from './retry-queue.ts';
import { isYoung } from './subscribers.ts';

/**
 * How a try ended. `moot`: nobody listens there any more, or there was nothing to read. `closed`: the connection took too
 * few of its chances. `again`: another try follows.
 */
type Outcome = 'delivered' | 'gone' | 'closed' | 'again' | 'moot';

/** `settled`: what came is done with. A try of which some frames arrived is, though the others are tried again. */
interface Tried {
  outcome: Outcome;
  settled: boolean;
}

/**
 * Tries again to deliver frames to one connection, if it still listens to the chat and may. After the last try the
 * connection is closed: its client comes back and replays what it missed, which beats a hole it does not know of.
 *
 * @param body of a message in the retry queue.
 * @param tries how often it has been tried, this time included.
 * @returns whether this is settled; if not, it should come again.
 */
export async function retryDelivery(body: string, tries: number, deadline: Deadline): Promise<boolean> {
  const undelivered = readUndelivered(body);
  if (undelivered === undefined) {
    logger.error('The retry queue held something unreadable; it is dropped');
    count('RetryOutcomes', 1, 'moot');
    return true;
  }
  const { connectionId, frames } = undelivered;
  const about = { messageIds: frames.flatMap(messageIdsIn), connectionId, tries };
  try {
    const { outcome, settled } = await tryAgain(undelivered, tries, deadline);
    count('RetryOutcomes', 1, outcome);
    logger.info(`Retry ${outcome}`, about);
    return settled;
  } catch (error) {
    count('RetryOutcomes', 1, 'again');
    logger.warn('A delivery could not be retried', { ...about, cause: errorSummary(error) });
    return false;
  }
}

async function tryAgain(undelivered: UndeliveredFrames, tries: number, deadline: Deadline): Promise<Tried> {
  const { connectionId, frames } = undelivered;
  const row = await readSubscription(undelivered);
  if (row === undefined || row.accessExpiresAt <= toSeconds(Date.now())) return { outcome: 'moot', settled: true };

  const posted = await postInOrder(connectionId, frames.map(frameOf), deadline);
  if (posted.state === 'done') return { outcome: 'delivered', settled: true };
  const gone = posted.state === 'gone' && !isYoung(row);
  // What arrived must not come again with what did not. A connection that takes some frames has not failed: it starts anew.
  if (!gone && posted.left.length < frames.length) {
    const left = frames.slice(frames.length - posted.left.length);
    const refused = await handToRetryQueue([{ ...undelivered, frames: left }], secondsUntilNextTry(1));
    return { outcome: 'again', settled: refused.length === 0 };
  }
  // Frames that there was no time to post say nothing about the connection.
  if (!gone && (tries < maxTries() || deadline.hasPassed())) return { outcome: 'again', settled: false };
  if (!gone) {
    logger.warn('A connection takes no messages and is closed', { connectionId, tries });
    await closeSocket(connectionId);
  }
  await removeConnection(connectionId);
  return { outcome: gone ? 'gone' : 'closed', settled: true };
}

/** One more than the waits between them. */
function maxTries(): number {
  return environment.deliveryRetrySeconds.length + 1;
}

/** Seconds until frames that were tried `tries` times should be tried again. */
export function secondsUntilNextTry(tries: number): number {
  return secondsUntilRetry(environment.deliveryRetrySeconds, tries);
}
