import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import { environment } from '../../platform/environment.ts';
import type { MessageRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import type { Envelope } from '../protocol/envelope.ts';

type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** One transaction: the chat's head moved over the numbers given out, and each message put if it is not there yet. */
export interface CommitPlan {
  chatId: string;
  /** The head before and after; absent when no message is numbered, and then the head is not touched. */
  head?: { from: number; to: number };
  messages: { envelope: Envelope; sequence?: number }[];
}

/** Numbers the messages that asked for a number, in order, from the head on. */
export function planCommit(chatId: string, envelopes: readonly Envelope[], head: number): CommitPlan {
  let to = head;
  const messages = envelopes.map((envelope) =>
    envelope.generateSequence ? { envelope, sequence: (to += 1) } : { envelope },
  );
  return { chatId, messages, ...(to > head && { head: { from: head, to } }) };
}

/**
 * The plan as TransactWriteItems takes it. Every condition asks for the item that stood in its way, which is how a
 * failed commit learns the head, or the number a message already has, without a read.
 *
 * @param now epoch milliseconds.
 */
export function actionsOf({ chatId, head, messages }: CommitPlan, now: number): Actions {
  const puts = messages.map(({ envelope, sequence }) => ({
    Put: {
      TableName: environment.messagesTable,
      Item: rowOf(envelope, sequence, now),
      ConditionExpression: 'attribute_not_exists(messageId)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    },
  }));
  if (head === undefined) return puts;
  return [{ Update: headUpdate(chatId, head) }, ...puts];
}

function headUpdate(chatId: string, { from, to }: { from: number; to: number }) {
  return {
    TableName: environment.chatsTable,
    Key: { chatId },
    UpdateExpression: 'SET #sequence = :to',
    ConditionExpression: from === 0 ? 'attribute_not_exists(#sequence) OR #sequence = :from' : '#sequence = :from',
    ExpressionAttributeNames: { '#sequence': 'sequence' },
    ExpressionAttributeValues: { ':from': from, ':to': to },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
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
    expiresAt: toSeconds(now) + environment.messageRetentionDays * 86_400,
  };
}

/** What a cancelled transaction says about the world. */
export interface Findings {
  /** The chat's real head, when the plan had it wrong. */
  head?: number;
  /** Messages of the plan that history already holds, by id. */
  stored: Map<string, StoredMessage>;
}

/** A message in history, as far as a repeat of it needs to know. */
export interface StoredMessage {
  senderId: string;
  payload: string;
  publishTimestamp: string;
  sequence?: number;
}

/** Reads a cancellation: one reason an action, in their order, each with the item that stood in the way. */
export function findingsOf({ head, messages }: CommitPlan, reasons: readonly CancellationReason[]): Findings {
  const findings: Findings = { stored: new Map() };
  const headReason = head === undefined ? undefined : reasons[0];
  if (headReason?.Code === conditionFailed) findings.head = Number(headReason.Item?.['sequence']?.N ?? 0);
  messages.forEach(({ envelope }, index) => {
    const reason = reasons[head === undefined ? index : index + 1];
    if (reason?.Code === conditionFailed && reason.Item) {
      findings.stored.set(envelope.messageId, storedMessage(reason.Item));
    }
  });
  return findings;
}

const conditionFailed = 'ConditionalCheckFailed';

function storedMessage(item: NonNullable<CancellationReason['Item']>): StoredMessage {
  const { senderId, payload, publishTimestamp, sequence } = item;
  return {
    senderId: senderId?.S ?? '',
    payload: payload?.S ?? 'null',
    publishTimestamp: publishTimestamp?.S ?? '',
    ...(sequence?.N !== undefined && { sequence: Number(sequence.N) }),
  };
}
