// Written by the build from schema.graphql.

export type Role = 'admin' | 'member' | 'viewer';

export type MessageType = 'fifo' | 'standard';

export type FrameMode = 'single' | 'batch';

export interface Permission {
  userId: string;
  chatId: string;
  role: Role;
  grantedBy: string;
  grantedAt: string;
  expiresAt?: string | null;
}

export interface PermissionPage {
  items: Permission[];
  nextToken?: string | null;
}

export interface CustomSequence {
  number: number;
  scope?: string | null;
  timestamp?: string | null;
}

export interface MultiPartMetadata {
  groupId: string;
  totalParts: number;
  partNumber: number;
}

export interface Message {
  chatId: string;
  messageId: string;
  senderId: string;
  eventType: string;
  content: string;
  payload: string;
  messageType: MessageType;
  publishTimestamp: string;
  sequence?: number | null;
  customSequence?: CustomSequence | null;
  multiPartMetadata?: MultiPartMetadata | null;
}

export interface MessagePage {
  items: Message[];
  nextToken?: string | null;
}

export interface Chat {
  chatId: string;
  headSequence: number;
  createdBy?: string | null;
  createdAt?: string | null;
}

export interface Connection {
  connectionId: string;
  userId: string;
  connectedAt: string;
  frames: FrameMode;
  accessExpiresAt: string;
}

export interface ConnectionPage {
  items: Connection[];
  nextToken?: string | null;
}

export interface GrantPermissionInput {
  userId: string;
  chatId: string;
  role?: Role | null;
  expiresAt?: string | null;
}

export interface QueryPermissionArgs {
  userId: string;
  chatId: string;
}

export interface QueryPermissionsByUserArgs {
  userId: string;
  limit?: number | null;
  nextToken?: string | null;
}

export interface QueryPermissionsByChatArgs {
  chatId: string;
  limit?: number | null;
  nextToken?: string | null;
}

export interface QueryChatArgs {
  chatId: string;
}

export interface QueryMessageArgs {
  chatId: string;
  messageId: string;
}

export interface QueryMessagesArgs {
  chatId: string;
  from?: string | null;
  to?: string | null;
  newestFirst?: boolean | null;
  limit?: number | null;
  nextToken?: string | null;
}

export interface QueryMessagesBySequenceArgs {
  chatId: string;
  from: number;
  to?: number | null;
  limit?: number | null;
  nextToken?: string | null;
}

export interface QueryConnectionsByChatArgs {
  chatId: string;
  limit?: number | null;
  nextToken?: string | null;
}

export interface QueryConnectionsByUserArgs {
  userId: string;
  limit?: number | null;
  nextToken?: string | null;
}

export interface MutationCreateChatArgs {
  chatId?: string | null;
}

export interface MutationGrantPermissionArgs {
  input: GrantPermissionInput;
}

export interface MutationGrantPermissionsArgs {
  inputs: GrantPermissionInput[];
}

export interface MutationRevokePermissionArgs {
  userId: string;
  chatId: string;
}
