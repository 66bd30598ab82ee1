import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, EventSourceMapping, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { allow } from './allow.ts';
import type { FunctionSettings, QueueSettings, Settings } from './config.ts';

export interface ServiceFunctionProps {
  /** Folder of the function under `functions/`, and of its bundle. */
  name: string;
  description: string;
  /** Folder that holds the bundles, one folder each. */
  bundles: string;
  settings: Settings;
  size: FunctionSettings;
  environment: Record<string, string>;
  /** All the function may do, besides writing its own log. */
  permissions: PolicyStatement[];
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
      logGroupName: `/aws/lambda/${functionName}`,
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
      environment: { LOG_LEVEL: settings.logLevel, ...props.environment },
    });
  }

  /** Lets the function do more. */
  permit(...permissions: PolicyStatement[]): void {
    for (const permission of permissions) this.role.addToPolicy(permission);
  }

  /** Feeds the function from a queue; records it reports as failed stay there, the rest of the batch is done. */
  consume(queue: Queue, { batchSize, maximumConcurrency }: QueueSettings): void {
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
}
