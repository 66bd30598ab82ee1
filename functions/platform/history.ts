import { TransactionCanceledException, type CancellationReason } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { conditionFailed, mayPass } from './cancellation.ts';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import type { MessageRow } from './rows.ts';

/** The chat's head before and after. */
export interface HeadMove {
  from: number;
  to: number;
}

/** A message that history holds, as far as telling it from another and delivering it again goes. */
export type HeldMessage = Pick<MessageRow, 'senderId' | 'payload' | 'publishTimestamp' | 'sequence'>;

/** Why nothing was written. Nothing in here: others were at it, and another try may do. */
export interface Refusal {
  /** The chat's real head, when the move started from another. */
  head?: number;
  /** Messages that history holds already, by id. */
  held: Map<string, HeldMessage>;
}

/**
 * Appends messages of one chat to its history, and moves its head over the numbers they carry, in one transaction.
 * Every condition asks for the item that stood in its way, which is how a refusal tells the head, or the number a message
 * already has, without a read.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 *
 * @param head the move; `undefined` when no message carries a number, and then the head is not touched.
 * @param rows at most 99, with distinct ids.
 * @returns nothing when all of it is written, or why none of it is.
 * @throws AWS errors, a transaction that would be refused every time among them.
 */
export async function appendToHistory(
  chatId: string,
  head: HeadMove | undefined,
  rows: readonly MessageRow[],
): Promise<Refusal | undefined> {
  const puts = rows.map((row) => ({
    Put: {
      TableName: environment.messagesTable,
      Item: row,
      ConditionExpression: 'attribute_not_exists(messageId)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    },
  }));
  const actions = head === undefined ? puts : [{ Update: headUpdate(chatId, head) }, ...puts];
  try {
    await dynamodb.send(new TransactWriteCommand({ TransactItems: actions }));
    return undefined;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    if (!mayPass(error)) throw error;
    return refusalOf(head, rows, error.CancellationReasons ?? []);
  }
}

function headUpdate(chatId: string, { from, to }: HeadMove) {
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

/** There is one reason for each action, in their order; the head's action, if there is one, is the first. */
function refusalOf(
  head: HeadMove | undefined,
  rows: readonly MessageRow[],
  reasons: readonly CancellationReason[],
): Refusal {
  const refusal: Refusal = { held: new Map() };
  const ofRows = head === undefined ? reasons : reasons.slice(1);
  const ofHead = head === undefined ? undefined : reasons[0];
  if (ofHead?.Code === conditionFailed) refusal.head = Number(ofHead.Item?.['sequence']?.N ?? 0);
  rows.forEach(({ messageId }, index) => {
    const reason = ofRows[index];
    if (reason?.Code === conditionFailed && reason.Item) refusal.held.set(messageId, heldMessage(reason.Item));
  });
  return refusal;
}

function heldMessage(item: NonNullable<CancellationReason['Item']>): HeldMessage {
  const { senderId, payload, publishTimestamp, sequence } = item;
  return {
    senderId: senderId?.S ?? '',
    payload: payload?.S ?? 'null',
    publishTimestamp: publishTimestamp?.S ?? '',
    ...(sequence?.N !== undefined && { sequence: Number(sequence.N) }),
  };
}
