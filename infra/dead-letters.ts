import { Construct } from 'constructs';
import { allow } from './allow.ts';
import { inSeconds } from './config.ts';
import type { Settings } from './config.ts';
import type { Messaging } from './messaging.ts';
import { ServiceFunction } from './service-function.ts';
import type { Tables } from './tables.ts';

export interface DeadLettersProps {
  settings: Settings;
  bundles: string;
  tables: Tables;
  messaging: Messaging;
}

/** What becomes of messages that could not be handled: all dead-letter queues drain into one table. */
export class DeadLetters extends Construct {
  constructor(scope: Construct, id: string, props: DeadLettersProps) {
    super(scope, id);
    this.record(props);
  }

  private record({ settings, bundles, tables, messaging }: DeadLettersProps): void {
    const { standard, fifo, deliveryRetryDeadLetters, fanOutDeadLetters, permissionStreamFailures } = messaging;
    const name = 'dead-letter-recorder';
    const recorder = new ServiceFunction(this, name, {
      name,
      bundles,
      settings,
      description: 'Drains the dead-letter queues into a table',
      size: settings.functions.sender,
      environment: {
        DEAD_LETTERS_TABLE: tables.deadLetters.tableName,
        STANDARD_DEAD_LETTER_QUEUE_ARN: standard.deadLetters.queueArn,
        FIFO_DEAD_LETTER_QUEUE_ARN: fifo.deadLetters.queueArn,
        DELIVERY_RETRY_DEAD_LETTER_QUEUE_ARN: deliveryRetryDeadLetters.queueArn,
        FAN_OUT_DEAD_LETTER_QUEUE_ARN: fanOutDeadLetters.queueArn,
        PERMISSION_STREAM_FAILURES_ARN: permissionStreamFailures.queueArn,
        DEAD_LETTER_RETRY_SECONDS: inSeconds([settings.deadLetterRecorder.retry]),
      },
      // One transaction puts letters and moves their count; the actions are those of its parts.
      permissions: [allow(['dynamodb:PutItem', 'dynamodb:UpdateItem'], tables.deadLetters.tableArn)],
    });
    const queues = [
      standard.deadLetters,
      fifo.deadLetters,
      deliveryRetryDeadLetters,
      fanOutDeadLetters,
      permissionStreamFailures,
    ];
    for (const queue of queues) recorder.consume(queue, settings.deadLetterRecorder);
  }
}
