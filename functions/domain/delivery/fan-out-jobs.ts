import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { environment } from '../../platform/environment.ts';
import { logger } from '../../platform/logger.ts';
import { count } from '../../platform/metrics.ts';
import { callBytes, sendMessages } from '../../platform/queues.ts';
import { TrackedMessage } from '../tracked-message.ts';
import { groupOfSlot, slotCount, slots } from './large-chats.ts';

/** Frames for the subscribers in one slot of a large chat. */
const FanOutJob = v.object({
  chatId: v.string(),
  slot: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(slotCount - 1)),
  frames: v.array(v.string()),
  /** The messages in the frames, one each; none in jobs of a version that did not tell. */
  messages: v.optional(v.array(TrackedMessage), []),
  ordered: v.boolean(),
});

export type FanOutJob = v.InferOutput<typeof FanOutJob>;

/** Thrown when the queue did not take every job. Handing them over again is safe: SQS drops what it has already. */
export class FanOutRefused extends Error {
  override readonly name = 'FanOutRefused';

  constructor(refused: number) {
    super(`The fan-out queue refused ${refused} jobs.`);
  }
}

/** Room for the rest of a job: names, a chat id, a slot. */
const overhead = 1_000;

/** Room for what is told of a message beside its frame: an id, a kind and a time, with their names. */
const overheadOfMessage = 120;

/**
 * Hands a run's frames to the workers of a large chat's slots. The same messages handed over again, within 5 minutes, are
 * no new jobs.
 *
 * @param delivery with one message for each frame.
 * @throws FanOutRefused; AWS errors as they are. After either, some slots may have got theirs.
 */
export async function handToSlots(delivery: Omit<FanOutJob, 'slot'>): Promise<void> {
  const { chatId, frames, messages, ordered } = delivery;
  const messageIds = messages.map(({ messageId }) => messageId);
  let packedFrames = 0;
  // One after another: a slot's jobs stay in order.
  for (const [index, pack] of packed(frames).entries()) {
    const told = messages.slice(packedFrames, (packedFrames += pack.length));
    const refused = await sendMessages(
      environment.fanOutQueueUrl,
      slots.map((slot) => ({
        body: JSON.stringify({ chatId, slot, frames: pack, messages: told, ordered } satisfies FanOutJob),
        fifo: {
          groupId: groupOfSlot(chatId, slot),
          deduplicationId: hash([chatId, String(slot), String(index), ...messageIds]),
        },
      })),
    );
    if (refused.length > 0) throw new FanOutRefused(refused.length);
    count('SlotsHanded', slots.length);
  }
  logger.info('Handed to slots', { messageIds, slots: slots.length });
}

/** @returns the job, or `undefined` for a body that holds none. */
export function readJob(body: string): FanOutJob | undefined {
  try {
    return v.parse(FanOutJob, JSON.parse(body));
  } catch {
    return undefined;
  }
}

function packed(frames: readonly string[]): string[][] {
  const packs: string[][] = [];
  let room = 0;
  for (const frame of frames) {
    // A frame stands in the job as a JSON string, where its quotes take two bytes.
    const bytes = Buffer.byteLength(JSON.stringify(frame)) + 1 + overheadOfMessage;
    const last = packs.at(-1);
    if (last && bytes <= room) last.push(frame);
    else {
      packs.push([frame]);
      room = callBytes - overhead;
    }
    room -= bytes;
  }
  return packs;
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}
