import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { fromItem } from './values.ts';

/** What a data source leaves for the response handler: `ctx.result` and `ctx.error`. */
export interface Outcome {
  result: unknown;
  error?: { message: string; type: string };
}

export function isConditionFailure(error: unknown): error is ConditionalCheckFailedException {
  return error instanceof ConditionalCheckFailedException;
}

/** DynamoDB's error under AppSync's name for it, with the item that failed a condition as the result. */
export function failureOf(error: unknown): Outcome {
  if (!(error instanceof Error)) throw error;
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number; requestId?: string } };
  const origin = `(Service: DynamoDb, Status Code: ${$metadata?.httpStatusCode ?? 400}, Request ID: ${$metadata?.requestId ?? 'none'})`;
  return {
    result: isConditionFailure(error) ? fromItem(error.Item) : null,
    error: { message: `${error.message} ${origin}`, type: `DynamoDB:${error.name}` },
  };
}

/**
 * A cancelled transaction. `keys` or `items`, and `cancellationReasons`, are always there
 * (https://docs.aws.amazon.com/appsync/latest/devguide/js-aws-appsync-resolver-reference-dynamodb-transact-write-items.html).
 */
export function transactionFailure(error: unknown, member: 'keys' | 'items'): Outcome {
  const outcome = failureOf(error);
  const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : null;
  const cancellationReasons = reasons?.map(({ Code, Message, Item }) => ({
    ...(Item ? { item: fromItem(Item) } : {}),
    type: Code ?? 'None',
    message: Message ?? 'None',
  }));
  return { ...outcome, result: { [member]: null, cancellationReasons: cancellationReasons ?? null } };
}
