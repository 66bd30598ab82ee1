import { createHash } from 'node:crypto';
import type { Envelope } from '../protocol/envelope.ts';

/** One part of a group, as the message that carries it says. */
export interface Part {
  chatId: string;
  groupId: string;
  totalParts: number;
  partNumber: number;
  senderId: string;
  messageId: string;
}

/** The part that a message carries; `undefined` for a message that is a whole. */
export function partOf({ payload, senderId, messageId }: Envelope): Part | undefined {
  const { chatId, multiPartMetadata } = payload;
  if (multiPartMetadata === undefined) return undefined;
  const { groupId, totalParts, partNumber } = multiPartMetadata;
  return { chatId, groupId, totalParts, partNumber, senderId, messageId };
}

/** Names a group among all chats': a chatId holds no '#'. */
export function groupKey({ chatId, groupId }: Pick<Part, 'chatId' | 'groupId'>): string {
  return `${chatId}#${groupId}`;
}

/** The item of a group that tells about the group as a whole. */
export const groupItem = 'group';

/** The item of a part: part items sort by part number. */
export function partItem(partNumber: number): string {
  return `part#${String(partNumber).padStart(4, '0')}`;
}

/** The index of groups that are not concluded is spread over so many partitions; a watcher asks each of them. */
const openShards = 16;

/** The partition of that index that a group is in: `00` to `15`. */
export function openShardOf(group: string): string {
  const [first = 0] = createHash('sha256').update(group).digest();
  return String(first % openShards).padStart(2, '0');
}
