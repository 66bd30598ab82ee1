import { util } from '@aws-appsync/utils';
import type { Permission, Role } from './generated/schema.ts';

/** A row of the Permissions table. `expiresAt` is in epoch seconds. */
export interface PermissionRow {
  userId: string;
  chatId: string;
  role: Role;
  grantedBy: string;
  grantedAt: string;
  expiresAt?: number;
}

/** Whether a row still counts: DynamoDB may take days to delete an expired one. */
export function isLive(row: { expiresAt?: number } | null | undefined): boolean {
  if (!row) return false;
  return row.expiresAt === undefined || row.expiresAt === null || row.expiresAt > util.time.nowEpochSeconds();
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
