import { util } from '@aws-appsync/utils';
import type { MultiPartGroup, MultiPartStatus } from './generated/schema.ts';

/** The item of a group in the MultiPart table. `deadline` is in epoch milliseconds, `expiresAt` in epoch seconds. */
export interface GroupRow {
  chatId: string;
  groupId: string;
  senderId: string;
  totalParts: number;
  status: MultiPartStatus;
  deadline: number;
  expiresAt?: number;
}

/** The item of a part, which is there once history holds the part. */
export interface PartRow {
  partNumber: number;
  messageId: string;
}

const tenDigits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** 1 to 1,000, which is as many parts as a group may have. */
function allNumbers(): number[] {
  return tenDigits.flatMap((hundreds) =>
    tenDigits.flatMap((tens) => tenDigits.map((ones) => hundreds * 100 + tens * 10 + ones + 1)),
  );
}

/**
 * A group as GraphQL shows it. What was received is counted from the parts, and not taken from the group's own count, so
 * that the numbers fit each other even while parts arrive.
 *
 * @param parts by part number
 */
export function multiPartGroupOf(group: GroupRow, parts: PartRow[]): MultiPartGroup {
  const received: Record<string, boolean> = {};
  parts.forEach((part) => {
    received[`${part.partNumber}`] = true;
  });
  return {
    chatId: group.chatId,
    groupId: group.groupId,
    senderId: group.senderId,
    status: group.status,
    totalParts: group.totalParts,
    receivedParts: parts.length,
    missingParts: allNumbers().filter((number) => number <= group.totalParts && !received[`${number}`]),
    messageIds: parts.map((part) => part.messageId),
    deadline: util.time.epochMilliSecondsToISO8601(group.deadline),
  };
}
