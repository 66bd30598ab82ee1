import { join } from 'node:path';
import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Policy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { allow } from './allow.ts';
import type { Settings } from './settings.ts';

export interface ExpressWorkflowProps {
  /** Name of the definition, without `.asl.json`; it becomes the state machine's own. */
  name: string;
  /** Folder that holds the definitions. */
  definitions: string;
  settings: Settings;
  /** What the definition names as `${NAME}`. */
  substitutions: Record<string, string>;
  /** All the workflow may do, besides writing its own log and trace. */
  permissions: PolicyStatement[];
  /**
   * Whether its log is an audit: then it holds what each execution was given and found, and is kept as long as audits are.
   * The others' hold which steps were gone through only, for what they are given has words of users in it.
   */
  audit?: boolean;
}

/** The ARN of a workflow, by the name of its definition: written out, so that a workflow's own role can name it without a cycle. */
export function workflowArn(scope: Construct, name: string): string {
  const { stackName, account, region, partition } = Stack.of(scope);
  return `arn:${partition}:states:${region}:${account}:stateMachine:${stackName}-${name}`;
}

/** A Step Functions Express workflow with a role and a log of its own, which holds the steps of every execution. */
export class ExpressWorkflow extends Construct {
  readonly arn: string;
  /** Name of the log group. */
  readonly logName: string;
  private readonly role: Role;

  constructor(scope: Construct, id: string, props: ExpressWorkflowProps) {
    super(scope, id);
    const { name, definitions, settings, audit = false } = props;
    const stateMachineName = `${Stack.of(this).stackName}-${name}`;
    this.arn = workflowArn(this, name);
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    for (const permission of props.permissions) this.role.addToPolicy(permission);
    const log = new LogGroup(this, 'Log', {
      logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
      retention: audit ? settings.auditRetention : settings.logRetention,
      removalPolicy: settings.environment === 'production' ? RemovalPolicy.RETAIN : settings.removalPolicy,
    });
    this.logName = log.logGroupName;
    new StateMachine(this, 'StateMachine', {
      stateMachineName,
      stateMachineType: StateMachineType.EXPRESS,
      definitionBody: DefinitionBody.fromFile(join(definitions, `${name}.asl.json`)),
      definitionSubstitutions: props.substitutions,
      role: this.role,
      tracingEnabled: true,
      logs: { destination: log, level: LogLevel.ALL, includeExecutionData: audit },
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'Log delivery and X-Ray have no resources to name ("Logging using CloudWatch Logs", "Tracing", Step Functions); nor have metrics, where a condition names the namespace.',
    });
  }

  /** Starts the workflow over and over, with an empty input. */
  startEvery(rate: string): void {
    const role = new Role(this, 'ScheduleRole', { assumedBy: new ServicePrincipal('scheduler.amazonaws.com') });
    new Policy(this, 'SchedulePolicy', {
      roles: [role],
      statements: [allow(['states:StartExecution'], this.arn)],
    });
    new CfnSchedule(this, 'Schedule', {
      scheduleExpression: `rate(${rate})`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: { arn: this.arn, roleArn: role.roleArn, input: '{}' },
    });
  }
}
