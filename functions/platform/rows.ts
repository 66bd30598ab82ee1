/** A row of the Permissions table. `expiresAt` in epoch seconds; absent means for ever. */
export interface PermissionRow {
  userId: string;
  chatId: string;
  role: 'admin' | 'member' | 'viewer';
  expiresAt?: number;
}

/** A row of the Connections table. Times in epoch seconds, `connectedAt` in ISO 8601. */
export interface ConnectionRow {
  connectionId: string;
  userId: string;
  connectedAt: string;
  tokenExpiresAt: number;
  frames: FrameMode;
  expiresAt: number;
}

/** A row of the Subscriptions table: one connection listening to one chat. */
export interface SubscriptionRow {
  chatId: string;
  subscriber: string;
  connectionId: string;
  userId: string;
  frames: FrameMode;
  connectedAt: string;
  accessExpiresAt: number;
  expiresAt: number;
}

/** A row of the Chats table. `sequence` is the head: the last number given out, absent before the first. */
export interface ChatRow {
  chatId: string;
  sequence?: number;
}

/** A row of the Messages table: the history. `payload` is JSON, so that none of its fields can pose as ours. */
export interface MessageRow {
  chatId: string;
  messageId: string;
  senderId: string;
  eventType: string;
  messageType: 'fifo' | 'standard';
  payload: string;
  publishTimestamp: string;
  sequence?: number;
  messageGroupId?: string;
  expiresAt: number;
}

/** Whether a connection wants one frame a message, or several messages in one frame where there are several. */
export type FrameMode = 'single' | 'batch';
