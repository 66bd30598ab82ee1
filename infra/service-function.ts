import { join } from 'node:path';
import { Stack, Validations } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  EventSourceMapping,
  FilterCriteria,
  Function as LambdaFunction,
  Runtime,
  StartingPosition,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { allow } from './allow.ts';
import { child } from './child.ts';
import type { FunctionSettings, QueueSettings, Settings, StreamSettings } from './settings.ts';

export interface ServiceFunctionProps {
  /** Folder of the function under `functions/`, and of its bundle. */
  name: string;
  description: string;
  /** Folder that holds the bundles, one folder each. */
  bundles: string;
  settings: Settings;
  size: FunctionSettings;
  environment: Record<string, string>;
  /** All the function may do, besides writing its own log and trace. */
  permissions: PolicyStatement[];
}

/** What can become of a row. */
export type StreamEvent = 'INSERT' | 'MODIFY' | 'REMOVE';

/** The log group of one of the stack's functions. */
export function logGroupNameOf(stack: Stack, name: string): string {
  return `/aws/lambda/${stack.stackName}-${name}`;
}

/** A Lambda function with a role and a log group of its own, and nothing it was not given by name. */
export class ServiceFunction extends Construct {
  readonly function: LambdaFunction;
  private readonly role: Role;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const { name, bundles, settings, size } = props;
    const functionName = `${Stack.of(this).stackName}-${name}`;

    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: logGroupNameOf(Stack.of(this), name),
      retention: settings.logRetention,
      removalPolicy: settings.removalPolicy,
    });
    // Made by hand: the role CDK would make may write every log group of the account.
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.permit(allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn), ...props.permissions);

    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: props.description,
      code: Code.fromAsset(join(bundles, name)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role: this.role,
      logGroup,
      memorySize: size.memorySize,
      timeout: size.timeout,
      environment: {
        LOG_LEVEL: settings.logLevel,
        POWERTOOLS_SERVICE_NAME: name,
        STACK_NAME: Stack.of(this).stackName,
        ...props.environment,
      },
      tracing: Tracing.ACTIVE,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray has no resources that a right to send segments could name ("Actions ... for AWS X-Ray").',
    });
  }

  /** Lets the function do more. */
  permit(...permissions: PolicyStatement[]): void {
    for (const permission of permissions) this.role.addToPolicy(permission);
  }

  /** Feeds the function from a queue; records it reports as failed stay there, the rest of the batch is done. */
  consume(
    queue: Queue,
    { batchSize, maximumConcurrency }: Pick<QueueSettings, 'batchSize' | 'maximumConcurrency'>,
  ): void {
    this.permit(
      allow(
        ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
        queue.queueArn,
      ),
    );
    new EventSourceMapping(this, queue.node.id, {
      target: this.function,
      eventSourceArn: queue.queueArn,
      batchSize,
      maxConcurrency: maximumConcurrency,
      reportBatchItemFailures: true,
    });
  }

  /**
   * Feeds the function from a table's stream; what it fails at for good is noted in `failures`, and the stream goes on.
   * From the oldest record there is: AWS warns that a mapping that starts at LATEST can miss what is written while it is
   * being made ("Process DynamoDB records with Lambda"), and whoever reads a stream here reads the table again anyway.
   * Batches run side by side, while the records of one item stay in order ("Polling and batching streams", ibid.).
   *
   * @param events what the function is told of; other records never reach it
   */
  follow(table: Table, events: StreamEvent[], settings: StreamSettings, failures: Queue): void {
    const { batchSize, parallelBatches, retryAttempts, maxRecordAge } = settings;
    const { tableStreamArn } = table;
    if (!tableStreamArn) throw new Error(`${table.node.path} has no stream.`);
    this.permit(
      allow(['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'], tableStreamArn),
      allow(['dynamodb:ListStreams'], `${table.tableArn}/stream/*`),
      allow(['sqs:SendMessage'], failures.queueArn),
    );
    Validations.of(this).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${Stack.of(this).getLogicalId(child(table, CfnTable))}.Arn>/stream/*]`,
      reason: "Listing a table's streams is a right on all of them; reading is held to the one that is there.",
    });
    new EventSourceMapping(this, table.node.id, {
      target: this.function,
      eventSourceArn: tableStreamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      filters: [FilterCriteria.filter({ eventName: events })],
      batchSize,
      parallelizationFactor: parallelBatches,
      retryAttempts,
      maxRecordAge,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      // By hand: CDK's own destination may also read the queue's attributes.
      onFailure: { bind: () => ({ destination: failures.queueArn }) },
    });
  }
}
