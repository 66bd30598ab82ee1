import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { allow, allowIf } from './allow.ts';
import { inSeconds } from './config.ts';
import { ExpressWorkflow, workflowArn } from './express-workflow.ts';
import type { ExpressWorkflowProps } from './express-workflow.ts';
import type { Messaging } from './messaging.ts';
import { ServiceFunction } from './service-function.ts';
import { namespace } from './service-metrics.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

export interface DeadLettersProps {
  settings: Settings;
  bundles: string;
  /** Folder that holds the workflows' definitions. */
  definitions: string;
  tables: Tables;
  messaging: Messaging;
}

/**
 * What becomes of messages that could not be handled: all dead-letter queues drain into one table, from where operators
 * have them redriven or given up.
 */
export class DeadLetters extends Construct {
  /** ARN of the workflow by which operators plan, start and cancel redrives. */
  readonly controlArn: string;
  /** Names of the logs that are the audit: of who ordered what and why, and of what was done. */
  readonly logs: { control: string; redrive: string };
  private readonly props: DeadLettersProps;

  constructor(scope: Construct, id: string, props: DeadLettersProps) {
    super(scope, id);
    this.props = props;
    this.record();
    const batchArn = this.batch().function.functionArn;
    const redrive = this.redrive(batchArn);
    const control = this.control(batchArn, redrive.arn);
    this.controlArn = control.arn;
    this.logs = { control: control.logName, redrive: redrive.logName };
    this.watch(redrive.arn).startEvery('1 minute');
    this.watchLetters().startEvery('1 minute');
  }

  private record(): void {
    const { settings, bundles, tables, messaging } = this.props;
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
        REDRIVE_RETENTION_DAYS: String(settings.redrive.retention.toDays()),
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

  private batch(): ServiceFunction {
    const { settings, bundles, tables, messaging } = this.props;
    const { standard, fifo, deliveryRetries, fanOut } = messaging;
    const name = 'redrive-batch';
    return new ServiceFunction(this, name, {
      name,
      bundles,
      settings,
      description: 'Plans redrives, and carries one on by a batch of letters',
      size: settings.functions.redriver,
      environment: {
        DEAD_LETTERS_TABLE: tables.deadLetters.tableName,
        REDRIVES_TABLE: tables.redrives.tableName,
        PERMISSIONS_TABLE: tables.permissions.tableName,
        STANDARD_QUEUE_URL: standard.queue.queueUrl,
        FIFO_QUEUE_URL: fifo.queue.queueUrl,
        DELIVERY_RETRY_QUEUE_URL: deliveryRetries.queueUrl,
        FAN_OUT_QUEUE_URL: fanOut.queueUrl,
        REDRIVE_LEASE_SECONDS: inSeconds([settings.redrive.lease]),
        REDRIVE_RETENTION_DAYS: String(settings.redrive.retention.toDays()),
      },
      permissions: [
        allow(['dynamodb:BatchGetItem'], tables.permissions.tableArn),
        allow(['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'], tables.redrives.tableArn),
        allow(['dynamodb:BatchGetItem', 'dynamodb:UpdateItem', 'dynamodb:Query'], tables.deadLetters.tableArn),
        allow(
          ['sqs:SendMessage'],
          standard.queue.queueArn,
          fifo.queue.queueArn,
          deliveryRetries.queueArn,
          fanOut.queueArn,
        ),
      ],
    });
  }

  private redrive(batchArn: string): ExpressWorkflow {
    const { tables, settings } = this.props;
    const { lease, executionLife, retention } = settings.redrive;
    const name = 'dlq-redrive';
    const redriveArn = workflowArn(this, name);
    return this.workflow('Redrive', {
      name,
      audit: true,
      substitutions: {
        RedrivesTable: tables.redrives.tableName,
        RedriveBatchArn: batchArn,
        DlqRedriveArn: redriveArn,
        LeaseSeconds: inSeconds([lease]),
        ExecutionLifeSeconds: inSeconds([executionLife]),
        RetentionSeconds: inSeconds([retention]),
      },
      permissions: [
        allow(['dynamodb:UpdateItem'], tables.redrives.tableArn),
        allow(['lambda:InvokeFunction'], batchArn),
        allow(['states:StartExecution'], redriveArn),
      ],
    });
  }

  private control(batchArn: string, redriveArn: string): ExpressWorkflow {
    const { tables, settings } = this.props;
    const { tableName, tableArn } = tables.redrives;
    return this.workflow('Control', {
      name: 'redrive-control',
      audit: true,
      substitutions: {
        RedrivesTable: tableName,
        RedriveBatchArn: batchArn,
        DlqRedriveArn: redriveArn,
        LeaseSeconds: inSeconds([settings.redrive.lease]),
      },
      permissions: [
        // One transaction puts a redrive and takes its lease; the actions are those of its parts.
        allow(['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:BatchGetItem', 'dynamodb:GetItem'], tableArn),
        allow(['lambda:InvokeFunction'], batchArn),
        allow(['states:StartExecution'], redriveArn),
      ],
    });
  }

  private watch(redriveArn: string): ExpressWorkflow {
    const { tableName, tableArn } = this.props.tables.redrives;
    return this.workflow('Watch', {
      name: 'redrive-watch',
      substitutions: { RedrivesTable: tableName, DlqRedriveArn: redriveArn },
      permissions: [allow(['dynamodb:BatchGetItem'], tableArn), allow(['states:StartExecution'], redriveArn)],
    });
  }

  private watchLetters(): ExpressWorkflow {
    const { tableName, tableArn } = this.props.tables.deadLetters;
    return this.workflow('LetterWatch', {
      name: 'dead-letter-watch',
      substitutions: {
        DeadLettersTable: tableName,
        MetricNamespace: namespace,
        StackName: Stack.of(this).stackName,
      },
      permissions: [
        allow(['dynamodb:BatchGetItem'], tableArn),
        allowIf({ StringEquals: { 'cloudwatch:namespace': namespace } }, ['cloudwatch:PutMetricData'], '*'),
      ],
    });
  }

  private workflow(id: string, part: Omit<ExpressWorkflowProps, 'definitions' | 'settings'>): ExpressWorkflow {
    const { definitions, settings } = this.props;
    return new ExpressWorkflow(this, id, { definitions, settings, ...part });
  }
}
