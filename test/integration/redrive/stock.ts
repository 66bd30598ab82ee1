import { ulid } from 'ulid';
import { writeEnvelope, type Envelope } from '../../../functions/domain/protocol/envelope.ts';
import { topicGroupId } from '../../../functions/domain/publishing/topic-ids.ts';
import type { Letter } from './dead-letter-queues.ts';

export type LaneName = 'standard' | 'fifo';

/** A message, and the letter it became. */
export type DeadMessage = Letter & {
  messageId: string;
  chatId: string;
  senderId: string;
  groupId: string;
  numbered: boolean;
};

/** What tells one message from another. */
export type Said = {
  chatId: string;
  senderId: string;
  content: unknown;
  messageId?: string;
  messageGroupId?: string;
  numbered?: boolean;
  reason?: string;
};

/** A message as its publisher wrote it, which the processor gave up for this reason. */
export function deadMessage(lane: LaneName, said: Said): DeadMessage {
  const { chatId, senderId, content, messageId = ulid(), messageGroupId, numbered = false } = said;
  const envelope: Envelope = {
    version: 1,
    messageId,
    senderId,
    publishTimestamp: new Date().toISOString(),
    targetChannel: 'WebSocket',
    messageType: lane,
    ...(messageGroupId !== undefined && { messageGroupId }),
    ...(numbered && { generateSequence: true as const }),
    payload: { chatId, eventType: 'chat', content },
  };
  return {
    body: writeEnvelope(envelope),
    attributes: { reason: said.reason ?? 'failed: InternalServerError', stage: 'commit' },
    ...{ messageId, chatId, senderId, numbered },
    groupId: topicGroupId(envelope),
  };
}

/** A body that no publisher of the service wrote. */
export function unreadable(content: unknown): Letter & { groupId: string } {
  return {
    body: JSON.stringify({ content }),
    attributes: { reason: 'unreadable: not an envelope', stage: 'parse' },
    groupId: 'who knows',
  };
}
