import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb';

export const conditionFailed = 'ConditionalCheckFailed';

const passing = new Set([conditionFailed, 'TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/**
 * Whether another try, from what holds by then, can overcome what cancelled a transaction. Other reasons
 * (`ValidationError`) would only come again.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export function mayPass({ CancellationReasons = [] }: TransactionCanceledException): boolean {
  return CancellationReasons.some(({ Code }) => Code !== undefined && passing.has(Code));
}
