import { environment } from '../../platform/environment.ts';

/** Whether the letters of a dead-letter queue have an order, each in its group. */
export function isFifo(queue: string): boolean {
  return queue === 'fifo' || queue === 'fan-out';
}

/**
 * The URL of the queue that the letters of a dead-letter queue came from.
 *
 * @throws Error for one whose letters cannot be sent again.
 */
export function sourceUrlOf(queue: string): string {
  switch (queue) {
    case 'standard':
      return environment.standardQueueUrl;
    case 'fifo':
      return environment.fifoQueueUrl;
    case 'delivery-retry':
      return environment.deliveryRetryQueueUrl;
    case 'fan-out':
      return environment.fanOutQueueUrl;
    default:
      throw new Error(`Letters of ${queue} cannot be sent again.`);
  }
}
