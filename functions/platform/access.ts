import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import { queryAll } from './query-all.ts';
import type { SubscriptionRow } from './rows.ts';

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
