import type { Chat } from './generated/schema.ts';

/**
 * A row of the Chats table. The message processor may have made it, with `sequence` alone; every grant adds the rest.
 * `adminCount` counts the rows in Permissions with role admin.
 */
export interface ChatRow {
  chatId: string;
  sequence?: number;
  adminCount?: number;
  createdBy?: string;
  createdAt?: string;
}

export function chatOf(row: ChatRow): Chat {
  return {
    chatId: row.chatId,
    headSequence: row.sequence ?? 0,
    createdBy: row.createdBy ?? null,
    createdAt: row.createdAt ?? null,
  };
}
