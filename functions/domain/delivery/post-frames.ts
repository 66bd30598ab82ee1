import { environment } from '../../platform/environment.ts';
import { logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import { pause } from '../../platform/pause.ts';
import type { Frame } from '../../platform/signed-posts.ts';
import { post, postsInFlight, type PostOutcome } from '../../platform/sockets.ts';
import type { Deadline } from '../deadline.ts';
import { messageIdsIn } from '../protocol/frames.ts';
import type { Arrivals } from './arrivals.ts';
import { Pace } from './pace.ts';
import { Slots } from './slots.ts';

/** How posting to one connection ended. `left`: the frames that did not arrive, in order. */
export type Posted = { state: 'done' } | { state: 'gone'; left: Frame[] } | { state: 'failed'; left: Frame[] };

const slots = new Slots(postsInFlight);

let pace: Pace | undefined;

/** Workers that post all at the same time keep to a share of the account's rate each. */
async function postAtPace(connectionId: string, frame: Frame, deadline: Deadline): Promise<PostOutcome> {
  if (environment.postsPerSecond > 0) await (pace ??= new Pace(environment.postsPerSecond)).turn();
  if (deadline.hasPassed()) return 'failed';
  const outcome = await post(connectionId, frame, () => messageIdsIn(frame.text));
  count('Posts', 1, outcome);
  return outcome;
}

/** A throttled post waits this often, briefly; after that it takes its turn in the retry queue. */
const throttledTries = 3;

/**
 * Posts frames to one connection in order: one after another, because nothing orders concurrent posts. Stops at the
 * first that does not arrive. A frame that API Gateway finds too large is left out, since it never will arrive.
 *
 * @param arrivals is told of those that do.
 */
export async function postInOrder(
  connectionId: string,
  frames: Frame[],
  deadline: Deadline,
  arrivals?: Arrivals,
): Promise<Posted> {
  for (const [index, frame] of frames.entries()) {
    const outcome = await postFrame(connectionId, frame, deadline, arrivals);
    if (outcome !== 'delivered') return { state: outcome, left: frames.slice(index) };
  }
  return { state: 'done' };
}

/** Posts frames to one connection all at once, for messages that nobody ordered. */
export async function postAll(
  connectionId: string,
  frames: Frame[],
  deadline: Deadline,
  arrivals?: Arrivals,
): Promise<Posted> {
  const outcomes = await Promise.all(frames.map((frame) => postFrame(connectionId, frame, deadline, arrivals)));
  const left = frames.filter((_frame, index) => outcomes[index] !== 'delivered');
  if (left.length === 0) return { state: 'done' };
  return { state: outcomes.includes('gone') ? 'gone' : 'failed', left };
}

async function postFrame(
  connectionId: string,
  frame: Frame,
  deadline: Deadline,
  arrivals: Arrivals | undefined,
): Promise<'delivered' | 'gone' | 'failed'> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await slots.run(() => postAtPace(connectionId, frame, deadline));
    if (outcome === 'too-large') {
      logger.error('A frame is too large for API Gateway', {
        messageIds: messageIdsIn(frame.text),
        connectionId,
        bytes: frame.byteLength,
      });
      return 'delivered';
    }
    if (outcome === 'delivered') {
      arrivals?.note(frame);
      slots.passed();
    }
    if (outcome !== 'throttled') return outcome;
    slots.throttled(connectionId);
    if (tries === throttledTries) return 'failed';
    await pause(tries, 50);
  }
}
