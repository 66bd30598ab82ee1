import { noticeOf } from '../multipart/notice.ts';
import type { PartRefusal } from '../multipart/refusal.ts';
import type { Committed } from './commit.ts';
import type { Parcel, Run } from './runs.ts';

/** A part that its group will never take. */
export interface RefusedPart extends Parcel {
  why: PartRefusal;
}

/** The refused parts among the messages of a run. */
export function refusedPartsOf(parcels: readonly Parcel[], committed: readonly Committed[]): RefusedPart[] {
  return parcels.flatMap((parcel, index) => {
    const result = committed[index];
    return result?.state === 'refused' ? [{ ...parcel, why: result.why }] : [];
  });
}

/** The notices of refused parts, as runs of messages to their senders' own channels. */
export function noticeRuns(refused: readonly RefusedPart[], now = Date.now()): Extract<Run, { kind: 'messages' }>[] {
  const runs = new Map<string, Parcel[]>();
  for (const { record, envelope, why } of refused) {
    const notice = noticeOf(envelope, why, now);
    if (notice === undefined) continue;
    const { chatId } = notice.payload;
    runs.set(chatId, [...(runs.get(chatId) ?? []), { record, envelope: notice }]);
  }
  return [...runs].map(([chatId, parcels]) => ({ kind: 'messages', chatId, parcels }));
}
