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

/**
 * What has become of a group of parts. It is `open` while parts may join. Whoever takes it on himself to announce how it
 * ended makes it `completing` or `expiring`; once that is announced it is `completed` or `incomplete`.
 */
export type PartGroupStatus = 'open' | 'completing' | 'completed' | 'expiring' | 'incomplete';

/** The row of the MultiPart table that tells about a group. What kind of message its parts are is as the first part had it. */
export interface PartGroupRow {
  group: string;
  item: 'group';
  chatId: string;
  groupId: string;
  senderId: string;
  totalParts: number;
  /** How many parts there are: each part's row and this number are written in one transaction. */
  received: number;
  status: PartGroupStatus;
  /** Epoch milliseconds. */
  deadline: number;
  /** Where the index of groups that are not concluded has it; gone once it is concluded. */
  openShard?: string;
  messageType: 'fifo' | 'standard';
  messageGroupId?: string;
  /** The FIFO group of the topic. */
  topicGroupId?: string;
  /** Whether the service numbers its messages. */
  numbered: boolean;
  expiresAt: number;
}

/** A row of the MultiPart table: one part of a group. */
export interface PartRow {
  group: string;
  item: string;
  partNumber: number;
  messageId: string;
  expiresAt: number;
}

/** Whether a connection wants one frame a message, or several messages in one frame where there are several. */
export type FrameMode = 'single' | 'batch';
