import type { PermissionRow, Role } from '../../../resolvers/rules/permission.ts';

/** A permission as HTTP tells it: that of GraphQL, without what is not there. Times in ISO 8601. */
export interface PermissionReply {
  userId: string;
  chatId: string;
  role: Role;
  grantedBy: string;
  grantedAt: string;
  expiresAt?: string;
}

export function permissionReply({ expiresAt, ...row }: PermissionRow): PermissionReply {
  const { userId, chatId, role, grantedBy, grantedAt } = row;
  return {
    userId,
    chatId,
    role,
    grantedBy,
    grantedAt,
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt * 1000).toISOString() }),
  };
}
