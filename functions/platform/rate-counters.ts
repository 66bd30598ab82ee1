import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';

/** A counter of one subject in one window of time. Times in epoch seconds. */
export interface RateCounter {
  /** `user#ID`, `large#ID`, `chat#ID`, `subscriptions#ID` or `permissions#ID`. */
  subject: string;
  /** When the window starts. */
  window: number;
  /** How much is added, or taken back. */
  amount: number;
  /** When DynamoDB may delete the counter. */
  expiresAt: number;
}

/**
 * Adds to a counter unless that would take it over `most`: one conditional write, so that no two callers get the same last one.
 *
 * @returns whether it was added.
 */
export async function countUpTo(most: number, counter: RateCounter): Promise<boolean> {
  const { subject, window, amount, expiresAt } = counter;
  if (amount > most) return false;
  try {
    await dynamodb.send(
      new UpdateCommand({
        TableName: environment.rateLimitsTable,
        Key: { subject, window },
        UpdateExpression: 'ADD #count :amount SET expiresAt = :expiresAt',
        ConditionExpression: 'attribute_not_exists(#count) OR #count <= :before',
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: { ':amount': amount, ':before': most - amount, ':expiresAt': expiresAt },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Takes back from a counter what was added to it. */
export async function uncount({ subject, window, amount }: RateCounter): Promise<void> {
  await dynamodb.send(
    new UpdateCommand({
      TableName: environment.rateLimitsTable,
      Key: { subject, window },
      UpdateExpression: 'ADD #count :amount',
      ExpressionAttributeNames: { '#count': 'count' },
      ExpressionAttributeValues: { ':amount': -amount },
    }),
  );
}
