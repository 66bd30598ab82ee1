import type { PartGroupRow, PartRow } from '../../platform/rows.ts';
import { partOf, type Part } from '../multipart/part.ts';
import { refusalOf, type PartRefusal } from '../multipart/refusal.ts';
import { describe } from '../protocol/describe.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { PartConflict } from '../protocol/errors.ts';

/**
 * Refuses a part that its group, as it stands, will never take, so that its sender hears at once. What changes between
 * this and the commit is decided there.
 *
 * @param registered the part that has this one's number.
 * @throws PartConflict naming what was expected and what came.
 */
export function requireFitting(
  envelope: Envelope,
  group: PartGroupRow | undefined,
  registered: PartRow | undefined,
): void {
  const part = partOf(envelope);
  // Registered itself, it is in history by now, even if that was read a moment too early.
  if (part === undefined || group === undefined || registered?.messageId === part.messageId) return;
  const why = refusalOf(part, group, registered?.messageId);
  if (why !== undefined) throw new PartConflict(...wordsOf[why](part, group, registered));
}

type Words = (part: Part, group: PartGroupRow, registered: PartRow | undefined) => [expected: string, got: string];

const wordsOf: Record<PartRefusal, Words> = {
  totalParts: (part, group) => [
    `totalParts to be ${group.totalParts}, as the group was begun`,
    String(part.totalParts),
  ],
  sender: (part) => ['groupId to be one that no other sender has begun', describe(part.groupId)],
  partNumber: (part, _group, registered) => [
    'partNumber to be one that no other message has',
    `${part.partNumber}, which ${registered?.messageId ?? ''} has`,
  ],
  closed: (part, group) => [
    'groupId to be one of a group that is still open',
    `${describe(part.groupId)}, which is ${endOf(group)}`,
  ],
};

/** A group that is about to be concluded is told as if it were: nothing can change its end any more. */
function endOf({ status }: PartGroupRow): string {
  return status === 'completing' || status === 'completed' ? 'completed' : 'incomplete';
}
