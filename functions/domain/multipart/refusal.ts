import type { HeldGroup } from '../../platform/history.ts';
import type { Part } from './part.ts';

/**
 * Why a part can never belong to its group. `closed`: the group is concluded, or about to be. `totalParts`: it was begun
 * with another number of parts. `sender`: somebody else began it. `partNumber`: another message has this number.
 */
export type PartRefusal = 'closed' | 'totalParts' | 'sender' | 'partNumber';

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
  if (group !== undefined && group.status !== 'open') return 'closed';
  if (group !== undefined && group.totalParts !== totalParts) return 'totalParts';
  if (group !== undefined && group.senderId !== senderId) return 'sender';
  return holder === undefined ? undefined : 'partNumber';
}
