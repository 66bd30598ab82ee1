import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';

/** A counter of one subject in one window of time. Times in epoch seconds. */
export interface RateCounter {
  /** `user#ID` or `chat#ID`. */
  subject: string;
  /** When the window starts. */
  window: number;
  /** When DynamoDB may delete the counter. */
  expiresAt: number;
}

/**
 * Adds one to a counter unless it stands at `most`: one conditional write, so that no two callers get the same last one.
 *
 * @returns whether it was added.
 */
export async function countUpTo(most: number, { subject, window, expiresAt }: RateCounter): Promise<boolean> {
  try {
    await dynamodb.send(
      new UpdateCommand({
        TableName: environment.rateLimitsTable,
        Key: { subject, window },
        UpdateExpression: 'ADD #count :one SET expiresAt = :expiresAt',
        ConditionExpression: 'attribute_not_exists(#count) OR #count < :most',
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: { ':one': 1, ':most': most, ':expiresAt': expiresAt },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Takes one back from a counter that added it. */
export async function uncount({ subject, window }: RateCounter): Promise<void> {
  await dynamodb.send(
    new UpdateCommand({
      TableName: environment.rateLimitsTable,
      Key: { subject, window },
      UpdateExpression: 'ADD #count :one',
      ExpressionAttributeNames: { '#count': 'count' },
      ExpressionAttributeValues: { ':one': -1 },
    }),
  );
}
