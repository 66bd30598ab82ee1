import { TransactionCanceledException, type CancellationReason } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { conditionFailed, mayPass } from './cancellation.ts';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import type { MessageRow, PartGroupRow, PartGroupStatus, PartRow } from './rows.ts';

/** The chat's head before and after. */
export interface HeadMove {
  from: number;
  to: number;
}

/** What is written together. At most 100 rows, head included, and none of them twice. */
export interface Appendix {
  /** Absent when no message carries a number, and then the head is not touched. */
  head?: HeadMove;
  rows: readonly MessageRow[];
  /** The parts among the messages. */
  parts: readonly PartRow[];
  /** The groups of these parts: each as it would begin with them, and `received` says how many they are. */
  groups: readonly PartGroupRow[];
}

/** A message that history holds, as far as telling it from another and delivering it again goes. */
export type HeldMessage = Pick<MessageRow, 'senderId' | 'payload' | 'publishTimestamp' | 'sequence'>;

/** A group that does not take the parts that were to be added. */
export type HeldGroup = Pick<PartGroupRow, 'senderId' | 'totalParts' | 'status'>;

/** Why nothing was written. Nothing in here: others were at it, and another try may do. */
export interface Refusal {
  /** The chat's real head, when the move started from another. */
  head?: number;
  /** Messages that history holds already, by id. */
  held: Map<string, HeldMessage>;
  /** Ids of messages that nothing stood in the way of: history does not hold them. */
  free: Set<string>;
  /** Which message has a part's number, by the id of the message that wants it. */
  holders: Map<string, string>;
  /** Groups that are not as the parts say, or not open any more, by key. */
  groups: Map<string, HeldGroup>;
}

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
type Item = NonNullable<CancellationReason['Item']>;

/** One action, and what is learnt when its condition failed, from the item that is there, and when nothing was wrong. */
interface Step {
  action: Action;
  failed: (refusal: Refusal, item: Item | undefined) => void;
  fine?: (refusal: Refusal) => void;
}

/**
 * Appends messages of one chat to its history, moves its head over the numbers they carry, and registers those that are
 * parts with their groups, in one transaction. Every condition asks for the item that stood in its way, which is how a
 * refusal tells the head, the number a message already has, or why a part cannot join its group, without a read.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 *
 * @returns nothing when all of it is written, or why none of it is.
 * @throws AWS errors, a transaction that would be refused every time among them.
 */
export async function appendToHistory(
  chatId: string,
  { head, rows, parts, groups }: Appendix,
): Promise<Refusal | undefined> {
  const steps = [
    ...(head === undefined ? [] : [headStep(chatId, head)]),
    ...rows.map(messageStep),
    ...parts.map(partStep),
    ...groups.map(groupStep),
  ];
  try {
    await dynamodb.send(new TransactWriteCommand({ TransactItems: steps.map(({ action }) => action) }));
    return undefined;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    if (!mayPass(error)) throw error;
    return refusalOf(steps, error.CancellationReasons ?? []);
  }
}

function headStep(chatId: string, { from, to }: HeadMove): Step {
  return {
    action: {
      Update: {
        TableName: environment.chatsTable,
        Key: { chatId },
        UpdateExpression: 'SET #sequence = :to',
        ConditionExpression: from === 0 ? 'attribute_not_exists(#sequence) OR #sequence = :from' : '#sequence = :from',
        ExpressionAttributeNames: { '#sequence': 'sequence' },
        ExpressionAttributeValues: { ':from': from, ':to': to },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
    failed: (refusal, item) => (refusal.head = Number(item?.['sequence']?.N ?? 0)),
  };
}

function messageStep(row: MessageRow): Step {
  return {
    action: {
      Put: {
        TableName: environment.messagesTable,
        Item: row,
        ConditionExpression: 'attribute_not_exists(messageId)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
    failed: (refusal, item) => item && refusal.held.set(row.messageId, heldMessage(item)),
    fine: (refusal) => refusal.free.add(row.messageId),
  };
}

function partStep(row: PartRow): Step {
  return {
    action: {
      Put: {
        TableName: environment.multiPartTable,
        Item: row,
        ConditionExpression: 'attribute_not_exists(messageId)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
    failed: (refusal, item) => item && refusal.holders.set(row.messageId, item['messageId']?.S ?? ''),
  };
}

/** What a group's first part decides, and later ones leave as it is. */
const decidedOnce: readonly string[] = ['messageType', 'messageGroupId', 'topicGroupId', 'numbered'];

function groupStep({ group, item, received, ...attributes }: PartGroupRow): Step {
  const names = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  const set = names.map((name) =>
    decidedOnce.includes(name) ? `#${name} = if_not_exists(#${name}, :${name})` : `#${name} = :${name}`,
  );
  return {
    action: {
      Update: {
        TableName: environment.multiPartTable,
        Key: { group, item },
        UpdateExpression: `SET ${set.join(', ')} ADD #received :received`,
        ConditionExpression:
          'attribute_not_exists(#group) OR (#status = :status AND #totalParts = :totalParts AND #senderId = :senderId)',
        ExpressionAttributeNames: Object.fromEntries(['group', 'received', ...names].map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries({ received, ...attributes }).map(([name, value]) => [`:${name}`, value]),
        ),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
    failed: (refusal, held) => held && refusal.groups.set(group, heldGroup(held)),
  };
}

/**
 * There is one reason for each action, in their order, with the code `None`, or none at all, where nothing was wrong.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
 */
function refusalOf(steps: readonly Step[], reasons: readonly CancellationReason[]): Refusal {
  const refusal: Refusal = { held: new Map(), free: new Set(), holders: new Map(), groups: new Map() };
  for (const [index, { Code = 'None', Item }] of reasons.entries()) {
    if (Code === conditionFailed) steps[index]?.failed(refusal, Item);
    else if (Code === 'None') steps[index]?.fine?.(refusal);
  }
  return refusal;
}

function heldMessage(item: Item): HeldMessage {
  const { senderId, payload, publishTimestamp, sequence } = item;
  return {
    senderId: senderId?.S ?? '',
    payload: payload?.S ?? 'null',
    publishTimestamp: publishTimestamp?.S ?? '',
    ...(sequence?.N !== undefined && { sequence: Number(sequence.N) }),
  };
}

function heldGroup({ senderId, totalParts, status }: Item): HeldGroup {
  return {
    senderId: senderId?.S ?? '',
    totalParts: Number(totalParts?.N ?? 0),
    status: (status?.S ?? 'open') as PartGroupStatus,
  };
}
