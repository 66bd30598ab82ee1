import type { HeldGroup } from '../../platform/history.ts';
import type { Part } from './part.ts';

/**
 * Why a part can never belong to its group. `totalParts`: the group was begun with another number of parts. `sender`:
 * somebody else began it. `partNumber`: another message has this number. `closed`: the group is concluded, or about to be.
 */
export type PartRefusal = 'totalParts' | 'sender' | 'partNumber' | 'closed';

/**
 * Whether a part contradicts what is registered of its group. The same rule answers the sender at once, in the
 * publisher, and decides in the commit, where nothing can change meanwhile.
 *
 * @param group as it stands; `undefined` while it has no part, or where it is known not to stand in the way.
 * @param holder the message that has the part's number, if another one has it.
 */
export function refusalOf(
  { totalParts, senderId }: Pick<Part, 'totalParts' | 'senderId'>,
  group: HeldGroup | undefined,
  holder: string | undefined,
): PartRefusal | undefined {
  if (group !== undefined && group.totalParts !== totalParts) return 'totalParts';
  if (group !== undefined && group.senderId !== senderId) return 'sender';
  if (holder !== undefined) return 'partNumber';
  if (group !== undefined && group.status !== 'open') return 'closed';
  return undefined;
}
