import * as v from 'valibot';
import { environment } from '../../platform/environment.ts';
import { logger } from '../../platform/logger.ts';
import { callBytes, sendMessages } from '../../platform/queues.ts';

/** Frames that did not reach one connection, on their way to be tried again for it alone. */
export const UndeliveredFrames = v.object({
  chatId: v.string(),
  subscriber: v.string(),
  connectionId: v.string(),
  frames: v.array(v.string()),
});

export type UndeliveredFrames = v.InferOutput<typeof UndeliveredFrames>;

/**
 * Hands undelivered frames to the retry queue. Frames of one connection stay in one message, and so in order, as far as
 * a message can hold them.
 *
 * @param delaySeconds until the first try.
 * @returns whether all were taken. A refused one is noted: its client finds the gap when it next asks for its chats' heads.
 * @throws AWS errors.
 */
export async function handToRetryQueue(
  undelivered: readonly UndeliveredFrames[],
  delaySeconds?: number,
): Promise<boolean> {
  if (undelivered.length === 0) return true;
  const bodies = undelivered.flatMap(messagesOf).map((message) => ({ body: JSON.stringify(message) }));
  const refused = await sendMessages(environment.deliveryRetryQueueUrl, bodies, delaySeconds);
  if (refused > 0) logger.error('The retry queue refused frames', { refused });
  return refused === 0;
}

function messagesOf(undelivered: UndeliveredFrames): UndeliveredFrames[] {
  const messages: UndeliveredFrames[] = [];
  let room = 0;
  for (const frame of undelivered.frames) {
    // A frame stands in the message as a JSON string, where its quotes take two bytes.
    const bytes = Buffer.byteLength(JSON.stringify(frame)) + 1;
    const last = messages.at(-1);
    if (last && bytes <= room) {
      last.frames.push(frame);
      room -= bytes;
    } else {
      messages.push({ ...undelivered, frames: [frame] });
      room = callBytes - overhead - bytes;
    }
  }
  return messages;
}

/** The rest of a message: names, a chat id, a subscriber key and a connection id. */
const overhead = 1_000;

/** @returns the frames, or `undefined` for a body that holds none. */
export function readUndelivered(body: string): UndeliveredFrames | undefined {
  try {
    return v.parse(UndeliveredFrames, JSON.parse(body));
  } catch {
    return undefined;
  }
}
