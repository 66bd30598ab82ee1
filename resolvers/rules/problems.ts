/** The error types clients may rely on; docs/graphql.md says what each means. */
export type RefusalType = 'Forbidden' | 'NotFound' | 'Conflict' | 'InvalidInput' | 'Throttled';

/** What stood in the way of one of several inputs. */
export interface Problem {
  /** Position of the input, from 0. */
  index: number;
  errorType: RefusalType;
  message: string;
}

/** The same words whether the chat exists or not, so that names of chats cannot be probed. */
export const forbiddenMessage = 'Forbidden: you do not have the permission this needs.';

/** Others kept changing the same rows between reading and writing. */
export const contendedMessage = 'Others changed the same permissions at the same time; try again.';

const transient = [
  'Throttl',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'TransactionConflict',
  'TransactionInProgress',
];

/** Whether DynamoDB's error, or the reason it cancelled a transaction, goes away by itself. */
export function isTransient(type: string): boolean {
  return transient.some((name) => type.indexOf(name) >= 0);
}
