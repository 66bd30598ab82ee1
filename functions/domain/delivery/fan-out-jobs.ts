import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { environment } from '../../platform/environment.ts';
import { callBytes, sendMessages } from '../../platform/queues.ts';
import { groupOfSlot, slotCount, slots } from './large-chats.ts';

/** Frames for the subscribers in one slot of a large chat. */
const FanOutJob = v.object({
  chatId: v.string(),
  slot: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(slotCount - 1)),
  frames: v.array(v.string()),
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

/**
 * Hands a run's frames to the workers of a large chat's slots.
 *
 * @param messageIds of the messages in the frames: the same ones handed over again, within 5 minutes, are no new jobs.
 * @throws FanOutRefused; AWS errors as they are. After either, some slots may have got theirs.
 */
export async function handToSlots(
  { chatId, frames, ordered }: Omit<FanOutJob, 'slot'>,
  messageIds: readonly string[],
): Promise<void> {
  // One after another: a slot's jobs stay in order.
  for (const [index, pack] of packed(frames).entries()) {
    const refused = await sendMessages(
      environment.fanOutQueueUrl,
      slots.map((slot) => ({
        body: JSON.stringify({ chatId, slot, frames: pack, ordered } satisfies FanOutJob),
        fifo: {
          groupId: groupOfSlot(chatId, slot),
          deduplicationId: hash([chatId, String(slot), String(index), ...messageIds]),
        },
      })),
    );
    if (refused > 0) throw new FanOutRefused(refused);
  }
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
    const bytes = Buffer.byteLength(JSON.stringify(frame)) + 1;
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
