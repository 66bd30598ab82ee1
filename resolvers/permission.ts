import { util } from '@aws-appsync/utils';
import type { Permission } from './generated/schema.ts';
import { isLiveAt, type PermissionRow } from './rules/permission.ts';

/** Whether a row counts now. */
export function isLive(row: { expiresAt?: number } | null | undefined): boolean {
  return isLiveAt(row, util.time.nowEpochSeconds());
}

/** Key of one person's permission in one chat. */
export function permissionKey(userId: string, chatId: string): Record<string, unknown> {
  return util.dynamodb.toMapValues({ userId, chatId });
}

export function permissionOf(row: PermissionRow): Permission {
  const { expiresAt } = row;
  return {
    userId: row.userId,
    chatId: row.chatId,
    role: row.role,
    grantedBy: row.grantedBy,
    grantedAt: row.grantedAt,
    expiresAt: expiresAt ? util.time.epochMilliSecondsToISO8601(expiresAt * 1000) : null,
  };
}
