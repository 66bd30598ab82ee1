import * as v from 'valibot';
import { environment } from '../../platform/environment.ts';
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
 * @returns what the queue refused.
 * @throws AWS errors: then any of them may have been taken.
 */
export async function handToRetryQueue(
  undelivered: readonly UndeliveredFrames[],
  delaySeconds?: number,
): Promise<UndeliveredFrames[]> {
  if (undelivered.length === 0) return [];
  const messages = undelivered.flatMap(messagesOf).map((message) => ({ message, body: JSON.stringify(message) }));
  const refused = await sendMessages(environment.deliveryRetryQueueUrl, messages, delaySeconds);
  return refused.map(({ message }) => message);
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
