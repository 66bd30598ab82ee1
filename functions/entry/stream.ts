import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import type { PermissionEvent } from '../domain/revoking/permission-event.ts';

/** DynamoDB's own deletions of expired rows: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html */
const timeToLive = 'dynamodb.amazonaws.com';

/**
 * A record of the Permissions table's stream (new and old images) as the domain knows it. A role that changes while the
 * end stays is of no consequence to subscriptions: it is read with every message sent.
 *
 * @throws Error for a record without the table's keys.
 */
export function permissionEventOf({ eventName, dynamodb = {}, userIdentity }: DynamoDBRecord): PermissionEvent {
  const { Keys, OldImage, NewImage, SequenceNumber } = dynamodb;
  const [userId, chatId] = [Keys?.['userId']?.S, Keys?.['chatId']?.S];
  if (!userId || !chatId || !SequenceNumber) throw new Error('A stream record came without its keys or its number.');
  const endChanged = eventName === 'MODIFY' && OldImage?.['expiresAt']?.N !== NewImage?.['expiresAt']?.N;
  return {
    id: SequenceNumber,
    userId,
    chatId,
    kind: eventName === 'REMOVE' ? 'removed' : endChanged ? 'end changed' : 'of no consequence',
    reason: (userIdentity as { principalId?: string } | undefined)?.principalId === timeToLive ? 'expired' : 'revoked',
  };
}

/** Tells Lambda which records failed; it goes on from the first of them. */
export function streamResponse(failedIds: readonly string[]): DynamoDBBatchResponse {
  return { batchItemFailures: failedIds.map((itemIdentifier) => ({ itemIdentifier })) };
}
