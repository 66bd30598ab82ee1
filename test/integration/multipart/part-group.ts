import { ulid } from 'ulid';
import { writeEnvelope, type Envelope } from '../../../functions/domain/protocol/envelope.ts';
import { topicGroupId } from '../../../functions/domain/publishing/topic-ids.ts';
import type { Lane, Outside, Row } from '../../setup/outside.ts';

export const kinds = ['standard', 'fifo', 'numbered'] as const;
export type Kind = (typeof kinds)[number];

/** A record as a publisher would have put it on a topic. */
export type PartRecord = { lane: Lane; body: string; groupId: string };

/** What an announcement says, beside its chat and its sender. */
export type Announced = { eventType: string; content: Row; senderId: unknown; messageId: unknown; sequence: unknown };

/** One group of parts, and the records that carry them. */
export class PartGroup {
  readonly chatId: string;
  readonly groupId: string;
  readonly totalParts: number;
  readonly senderId: string;
  readonly kind: Kind;
  /** Of the parts, in part order. */
  readonly messageIds: string[];

  constructor(said: { chatId: string; groupId: string; totalParts: number; senderId: string; kind: Kind }) {
    this.chatId = said.chatId;
    this.groupId = said.groupId;
    this.totalParts = said.totalParts;
    this.senderId = said.senderId;
    this.kind = said.kind;
    this.messageIds = Array.from({ length: said.totalParts }, () => ulid());
  }

  /** All parts, or those that are picked, in part order. */
  records(picked: (partNumber: number) => boolean = () => true): PartRecord[] {
    return this.messageIds.flatMap((messageId, index) =>
      picked(index + 1) ? [this.record(index + 1, messageId)] : [],
    );
  }

  /** One part, under this id. */
  record(partNumber: number, messageId: string): PartRecord {
    const { chatId, groupId, totalParts, senderId, kind } = this;
    const envelope: Envelope = {
      version: 1,
      messageId,
      senderId,
      publishTimestamp: new Date().toISOString(),
      targetChannel: 'WebSocket',
      messageType: kind === 'standard' ? 'standard' : 'fifo',
      ...(kind !== 'standard' && { messageGroupId: kind === 'fifo' ? `uploads of ${senderId}` : chatId }),
      ...(kind === 'numbered' && { generateSequence: true as const }),
      payload: {
        chatId,
        eventType: 'file',
        content: `part ${partNumber}`,
        multiPartMetadata: { groupId, totalParts, partNumber },
      },
    };
    return {
      lane: kind === 'standard' ? 'Standard' : 'Fifo',
      body: writeEnvelope(envelope),
      groupId: topicGroupId(envelope),
    };
  }
}

/** Puts records on their topics, in this order, ten at a time. */
export async function publishAll(outside: Outside, records: readonly PartRecord[]): Promise<void> {
  for (const lane of ['Standard', 'Fifo'] as const) {
    const ofLane = records.filter((record) => record.lane === lane);
    for (let start = 0; start < ofLane.length; start += 10) {
      await outside.publish(lane, ofLane.slice(start, start + 10));
    }
  }
}

/** What the service itself said in a chat, of its history. */
export function announcementsIn(history: readonly Row[]): Announced[] {
  return history
    .filter(({ eventType }) => String(eventType).startsWith('multipart.'))
    .map(({ eventType, payload, senderId, messageId, sequence }) => ({
      eventType: String(eventType),
      content: (JSON.parse(String(payload)) as { content: Row }).content,
      senderId,
      messageId,
      sequence,
    }));
}
