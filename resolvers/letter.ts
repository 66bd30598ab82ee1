import { util } from '@aws-appsync/utils';
import type { DeadLetter, DeadLetterStatus, LetterAttribute } from './generated/schema.ts';
import type { Letter } from './rules/dead-letters.ts';

/** A row of DeadLetters. `body` and `attributes` are as the queue held them. */
export interface LetterRow extends Letter {
  queue: string;
  status: DeadLetterStatus;
  stage?: string;
  sentAt: string;
  receiveCount: number;
  publishTimestamp?: string;
  connectionId?: string;
  body: string;
  attributes?: Record<string, StoredAttribute>;
  sqsMessageId: string;
  groupId?: string;
  sequenceNumber?: string;
  redriveId?: string;
  refusal?: string;
  settledAt?: string;
}

interface StoredAttribute {
  dataType: string;
  text?: string;
  binary?: string;
}

/** A page of whole bodies could be as large as the queue allows a hundred messages to be. */
const longestBody = 4096;
const longestAttribute = 1024;

/** A letter as GraphQL shows it. */
export function letterOf(row: LetterRow): DeadLetter {
  return {
    queue: row.queue,
    arrival: row.arrival,
    status: row.status,
    reason: row.reason,
    stage: row.stage ?? null,
    sentAt: row.sentAt,
    receiveCount: row.receiveCount,
    readable: row.readable,
    chatId: row.chatId ?? null,
    senderId: row.senderId ?? null,
    messageId: row.messageId ?? null,
    eventType: row.eventType ?? null,
    publishTimestamp: row.publishTimestamp ?? null,
    connectionId: row.connectionId ?? null,
    body: row.body.slice(0, longestBody),
    bodyBytes: bytesOf(row.body),
    bodyTruncated: row.body.length > longestBody,
    attributes: Object.entries(row.attributes ?? {}).map(([name, attribute]) => attributeOf(name, attribute)),
    sqsMessageId: row.sqsMessageId,
    groupId: row.groupId ?? null,
    sequenceNumber: row.sequenceNumber ?? null,
    redriveId: row.redriveId ?? null,
    refusal: row.refusal ?? null,
    settledAt: row.settledAt ?? null,
  };
}

function attributeOf(name: string, { dataType, text, binary }: StoredAttribute): LetterAttribute {
  const value = text ?? binary ?? '';
  return { name, dataType, value: value.slice(0, longestAttribute), truncated: value.length > longestAttribute };
}

/** UTF-8 bytes: Base64 writes three of them as four digits. */
function bytesOf(text: string): number {
  const digits = util.base64Encode(text);
  const padding = digits.endsWith('==') ? 2 : digits.endsWith('=') ? 1 : 0;
  return (digits.length / 4) * 3 - padding;
}
