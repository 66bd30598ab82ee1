import { environment } from '../../platform/environment.ts';

/** Operators' names of the dead-letter queues; the list is in resolvers/rules/dead-letters.ts. */
export type QueueName = 'standard' | 'fifo' | 'delivery-retry' | 'fan-out' | 'permission-stream';

/**
 * Operators' name of a dead-letter queue, by its ARN.
 *
 * @throws Error for a queue that is none of the stack's.
 */
export function queueNameOf(queueArn: string): QueueName {
  switch (queueArn) {
    case environment.standardDeadLetterQueueArn:
      return 'standard';
    case environment.fifoDeadLetterQueueArn:
      return 'fifo';
    case environment.deliveryRetryDeadLetterQueueArn:
      return 'delivery-retry';
    case environment.fanOutDeadLetterQueueArn:
      return 'fan-out';
    case environment.permissionStreamFailuresArn:
      return 'permission-stream';
    default:
      throw new Error(`${queueArn} is not a dead-letter queue of this stack.`);
  }
}
