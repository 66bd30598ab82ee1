import { environment } from '../../platform/environment.ts';
import type { Appendix } from '../../platform/history.ts';
import type { MessageRow } from '../../platform/rows.ts';
import { secondsPerDay, toSeconds } from '../clock.ts';
import { planRegistration, withoutContradictions } from '../multipart/registration.ts';
import type { Envelope } from '../protocol/envelope.ts';

/** What one transaction should write, and which messages it writes. */
export interface CommitPlan extends Appendix {
  envelopes: readonly Envelope[];
  rows: MessageRow[];
}

/**
 * Numbers the messages that asked for a number, in order, from the head on, and registers those that are parts. A part
 * that contradicts one before it is left out, and takes no number: if the one before it is committed, it never will be.
 *
 * @param waiting at most 25: with a part's row and its group's each, and the head, under the 100 of a transaction.
 * @param now epoch milliseconds.
 */
export function planCommit(waiting: readonly Envelope[], head: number, now: number): CommitPlan {
  const envelopes = withoutContradictions(waiting);
  const expiresAt = toSeconds(now) + environment.messageRetentionDays * secondsPerDay;
  let to = head;
  const rows = envelopes.map((envelope) =>
    rowOf(envelope, envelope.generateSequence ? (to += 1) : undefined, expiresAt),
  );
  return {
    envelopes,
    rows,
    ...(to > head && { head: { from: head, to } }),
    ...planRegistration(envelopes, now, expiresAt),
  };
}

function rowOf(envelope: Envelope, sequence: number | undefined, expiresAt: number): MessageRow {
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
    expiresAt,
  };
}
