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

export type MultiPartStatus = 'open' | 'completing' | 'completed' | 'expiring' | 'incomplete';

export interface MultiPartGroup {
  chatId: string;
  groupId: string;
  senderId: string;
  status: MultiPartStatus;
  totalParts: number;
  receivedParts: number;
  missingParts: number[];
  messageIds: string[];
  deadline: string;
}

export type DeadLetterStatus = 'waiting' | 'redriving' | 'redriven' | 'discarded';

export type RedriveMode = 'redrive' | 'discard';

export type RedriveStatus = 'running' | 'completed' | 'cancelled' | 'failed';

export interface DeadLetterQueue {
  name: string;
  waiting: number;
  oldest?: string | null;
  redrivable: boolean;
}

export interface LetterAttribute {
  name: string;
  dataType: string;
  value: string;
  truncated: boolean;
}

export interface DeadLetter {
  queue: string;
  arrival: string;
  status: DeadLetterStatus;
  reason: string;
  stage?: string | null;
  sentAt: string;
  receiveCount: number;
  readable: boolean;
  chatId?: string | null;
  senderId?: string | null;
  messageId?: string | null;
  eventType?: string | null;
  publishTimestamp?: string | null;
  connectionId?: string | null;
  body: string;
  bodyBytes: number;
  bodyTruncated: boolean;
  attributes: LetterAttribute[];
  sqsMessageId: string;
  groupId?: string | null;
  sequenceNumber?: string | null;
  redriveId?: string | null;
  refusal?: string | null;
  settledAt?: string | null;
}

export interface DeadLetterPage {
  items: DeadLetter[];
  nextToken?: string | null;
}

export interface CancelRequest {
  by: string;
  reason: string;
  at: string;
}

export interface Redrive {
  redriveId: string;
  queue: string;
  mode: RedriveMode;
  filter?: string | null;
  maxMessages?: number | null;
  maxPerSecond?: number | null;
  includeRevokedSenders: boolean;
  reason: string;
  startedBy: string;
  startedAt: string;
  endedAt?: string | null;
  status: RedriveStatus;
  error?: string | null;
  examined: number;
  matched: number;
  redriven: number;
  discarded: number;
  skipped: number;
  failed: number;
  cancelRequest?: CancelRequest | null;
}

export interface RedrivePage {
  items: Redrive[];
  nextToken?: string | null;
}

export type PlannedOutcome = 'redrive' | 'discard' | 'skip';

export interface PlannedLetter {
  arrival: string;
  messageId?: string | null;
  chatId?: string | null;
  outcome: PlannedOutcome;
  why: string;
}

export interface RedrivePlan {
  examined: number;
  matched: number;
  skipped: number;
  complete: boolean;
  sample: PlannedLetter[];
}

export interface DeadLetterFilter {
  chatId?: string | null;
  senderId?: string | null;
  eventType?: string | null;
  reason?: string | null;
  messageIds?: string[] | null;
  sentBefore?: string | null;
  sentAfter?: string | null;
  unreadable?: boolean | null;
}

export interface RedriveInput {
  queue: string;
  mode: RedriveMode;
  filter?: DeadLetterFilter | null;
  maxMessages?: number | null;
  maxPerSecond?: number | null;
  includeRevokedSenders?: boolean | null;
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

export interface QueryMultiPartGroupArgs {
  chatId: string;
  groupId: string;
}

export interface QueryDeadLettersArgs {
  queue: string;
  filter?: DeadLetterFilter | null;
  status?: DeadLetterStatus | null;
  redriveId?: string | null;
  limit?: number | null;
  nextToken?: string | null;
}

export interface QueryRedriveArgs {
  redriveId: string;
}

export interface QueryRedrivesArgs {
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

export interface MutationPlanRedriveArgs {
  input: RedriveInput;
}

export interface MutationStartRedriveArgs {
  input: RedriveInput;
  reason: string;
}

export interface MutationCancelRedriveArgs {
  redriveId: string;
  reason: string;
}
