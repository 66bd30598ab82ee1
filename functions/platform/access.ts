import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { conditionFailed, mayPass } from './cancellation.ts';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import { queryAll } from './query-all.ts';
import type { ConnectionRow, PermissionRow, SubscriptionRow } from './rows.ts';

/** One person in one chat. */
export interface Membership {
  userId: string;
  chatId: string;
}

/** The subscriptions of a chat whose sort key starts with `prefix`, read strongly and without an index that could lag. */
export async function readSubscriptionsFrom(chatId: string, prefix: string): Promise<SubscriptionRow[]> {
  return queryAll<SubscriptionRow>({
    TableName: environment.subscriptionsTable,
    KeyConditionExpression: 'chatId = :chatId AND begins_with(subscriber, :prefix)',
    ExpressionAttributeValues: { ':chatId': chatId, ':prefix': prefix },
    ConsistentRead: true,
  });
}

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** A subscription to write, and the permission it rests on as it was read; none for the user's own channel. */
export interface Admission {
  row: SubscriptionRow;
  permission: PermissionRow | undefined;
}

/** Each is up to two of the 100 actions of https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const admissionsAtOnce = 50;

/**
 * Writes subscriptions, over those that are there already, each on condition that its permission is still there and still
 * ends when it did. So there is never a row without a permission, whoever dies when; and a permission that goes later
 * finds the row.
 *
 * @returns those that are not written, as something changed or somebody was writing it just then: read again and try.
 * @throws AWS errors as they are. After one, some of the rows may be there.
 */
export async function putWherePermitted(admissions: readonly Admission[]): Promise<Admission[]> {
  const left: Admission[] = [];
  for (let start = 0; start < admissions.length; start += admissionsAtOnce) {
    const part = admissions.slice(start, start + admissionsAtOnce);
    if (!(await putTogether(part))) left.push(...part);
  }
  return left;
}

async function putTogether(admissions: readonly Admission[]): Promise<boolean> {
  const puts = admissions.map(({ row }): Action => ({ Put: { TableName: environment.subscriptionsTable, Item: row } }));
  const checks = admissions.flatMap(({ permission }) => (permission === undefined ? [] : [unchanged(permission)]));
  try {
    await dynamodb.send(new TransactWriteCommand({ TransactItems: [...puts, ...checks] }));
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException && mayPass(error)) return false;
    throw error;
  }
}

/** A subscription that is there, when its access shall end, and the permission that rests on as it was read; none for the user's own channel. */
export interface Extension {
  row: Pick<SubscriptionRow, 'chatId' | 'subscriber' | 'accessExpiresAt'>;
  permission: PermissionRow | undefined;
}

/** Each is up to two of a transaction's 100 actions; one is for the connection. */
const extensionsAtOnce = 49;

/**
 * Lets subscriptions of one connection end at another time, each on condition that its permission still ends when it did,
 * and all that the connection's token does. So no end is ever written past either, whoever dies when; and a permission that
 * is shortened later, or a later token, finds the row.
 *
 * @returns those that are not written, as something changed or somebody was writing it just then: read again and try. One
 * whose row is gone is not among them, and stays gone.
 * @throws AWS errors as they are. After one, some of the ends may be written.
 */
export async function extendWherePermitted(
  connection: ConnectionRow,
  extensions: readonly Extension[],
): Promise<Extension[]> {
  const left: Extension[] = [];
  // One after the other: transactions that check the same connection at once cancel each other.
  for (let start = 0; start < extensions.length; start += extensionsAtOnce) {
    left.push(...(await extendTogether(connection, extensions.slice(start, start + extensionsAtOnce))));
  }
  return left;
}

async function extendTogether(connection: ConnectionRow, extensions: readonly Extension[]): Promise<Extension[]> {
  const updates = extensions.map(({ row: { chatId, subscriber, accessExpiresAt } }): Action => ({
    Update: {
      TableName: environment.subscriptionsTable,
      Key: { chatId, subscriber },
      UpdateExpression: 'SET accessExpiresAt = :end',
      ConditionExpression: 'attribute_exists(chatId)',
      ExpressionAttributeValues: { ':end': accessExpiresAt },
    },
  }));
  const checks = extensions.flatMap(({ permission }) => (permission === undefined ? [] : [unchanged(permission)]));
  try {
    await dynamodb.send(new TransactWriteCommand({ TransactItems: [...updates, ...checks, sameToken(connection)] }));
    return [];
  } catch (error) {
    if (!(error instanceof TransactionCanceledException) || !mayPass(error)) throw error;
    const { CancellationReasons = [] } = error;
    return extensions.filter((_, index) => CancellationReasons[index]?.Code !== conditionFailed);
  }
}

function sameToken({ connectionId, tokenExpiresAt }: ConnectionRow): Action {
  return {
    ConditionCheck: {
      TableName: environment.connectionsTable,
      Key: { connectionId },
      ConditionExpression: 'tokenExpiresAt = :tokenExpiresAt',
      ExpressionAttributeValues: { ':tokenExpiresAt': tokenExpiresAt },
    },
  };
}

/** That the time has not come is not asked again: the row knows its end, and deliveries keep to it. */
function unchanged({ userId, chatId, expiresAt }: PermissionRow): Action {
  return {
    ConditionCheck: {
      TableName: environment.permissionsTable,
      Key: { userId, chatId },
      ...(expiresAt === undefined
        ? { ConditionExpression: 'attribute_exists(userId) AND attribute_not_exists(expiresAt)' }
        : { ConditionExpression: 'expiresAt = :expiresAt', ExpressionAttributeValues: { ':expiresAt': expiresAt } }),
    },
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, less the one for the check. */
const deletionsAtOnce = 99;

/**
 * Deletes subscriptions of one person to one chat, on condition that the person has no permission at that very moment.
 *
 * @returns false when they have one, or when somebody was writing these rows just then.
 */
export async function deleteUnlessPermitted(
  { userId, chatId }: Membership,
  rows: readonly SubscriptionRow[],
  nowSeconds: number,
): Promise<boolean> {
  for (let start = 0; start < rows.length; start += deletionsAtOnce) {
    const part = rows.slice(start, start + deletionsAtOnce);
    if (!(await deleteTogether({ userId, chatId }, part, nowSeconds))) return false;
  }
  return true;
}

async function deleteTogether(key: Membership, rows: readonly SubscriptionRow[], nowSeconds: number): Promise<boolean> {
  try {
    await dynamodb.send(
      new TransactWriteCommand({
        TransactItems: [
          {
            ConditionCheck: {
              TableName: environment.permissionsTable,
              Key: key,
              ConditionExpression: 'attribute_not_exists(userId) OR expiresAt <= :now',
              ExpressionAttributeValues: { ':now': nowSeconds },
            },
          },
          ...rows.map(({ chatId, subscriber }) => ({
            Delete: { TableName: environment.subscriptionsTable, Key: { chatId, subscriber } },
          })),
        ],
      }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
    if (codes.some((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict')) return false;
    throw error;
  }
}
