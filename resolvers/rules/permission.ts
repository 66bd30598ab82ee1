/** What a person may do in a chat. */
export type Role = 'admin' | 'member' | 'viewer';

/** A row of the Permissions table. `expiresAt` is in epoch seconds. */
export interface PermissionRow {
  userId: string;
  chatId: string;
  role: Role;
  grantedBy: string;
  grantedAt: string;
  expiresAt?: number;
}

/** Who is asking, by the verified token alone. */
export interface Caller {
  userId: string;
  /** In the Cognito group `admins`, who may do everything in the access plane. */
  administrator: boolean;
}

/** Whether a row still counts: DynamoDB may take days to delete an expired one. */
export function isLiveAt(row: { expiresAt?: number | null } | null | undefined, nowSeconds: number): boolean {
  if (!row) return false;
  return row.expiresAt === undefined || row.expiresAt === null || row.expiresAt > nowSeconds;
}

/** Whether the caller is a chat's admin without a permission row: administrators are, and everyone is of the chat named by their own id. */
export function isAdminByIdentity(caller: Caller, chatId: string): boolean {
  return caller.administrator || caller.userId === chatId;
}

/** Whether the caller may see all permissions of a person. */
export function mayListPermissionsOf(caller: Caller, userId: string): boolean {
  return caller.administrator || caller.userId === userId;
}
