import { environment } from '../../platform/environment.ts';
import type { HeadMove } from '../../platform/history.ts';
import type { MessageRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import type { Envelope } from '../protocol/envelope.ts';

const secondsPerDay = 86_400;

/** What one transaction should write. */
export interface CommitPlan {
  /** Absent when no message is numbered. */
  head?: HeadMove;
  rows: MessageRow[];
}

/**
 * Numbers the messages that asked for a number, in order, from the head on.
 *
 * @param now epoch milliseconds.
 */
export function planCommit(envelopes: readonly Envelope[], head: number, now: number): CommitPlan {
  let to = head;
  const rows = envelopes.map((envelope) => rowOf(envelope, envelope.generateSequence ? (to += 1) : undefined, now));
  return { rows, ...(to > head && { head: { from: head, to } }) };
}

function rowOf(envelope: Envelope, sequence: number | undefined, now: number): MessageRow {
  const { payload, messageId, senderId, messageType, publishTimestamp, messageGroupId } = envelope;
  return {
    chatId: payload.chatId,
    messageId,
    senderId,
    eventType: payload.eventType,
    messageType,
    payload: JSON.stringify(payload),
    publishTimestamp,
    ...(sequence !== undefined && { sequence }),
    ...(messageGroupId !== undefined && { messageGroupId }),
    expiresAt: toSeconds(now) + environment.messageRetentionDays * secondsPerDay,
  };
}
