/** Why a subscription ended: somebody took the permission away, or its time was over. */
export type Reason = 'revoked' | 'expired';

/** What happened to one permission. It may be told twice, or late: only the table knows what holds now. */
export interface PermissionEvent {
  /** Identifies the record within its stream. */
  id: string;
  userId: string;
  chatId: string;
  kind: 'removed' | 'end changed' | 'of no consequence';
  /** Why, should the permission turn out to be gone. */
  reason: Reason;
}
