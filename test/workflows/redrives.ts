import { ulid } from 'ulid';
import { handler } from '../../functions/redrive-batch/handler.ts';
import type { ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import type { RunOptions } from '../setup/run-definition.ts';
import { Workflow } from '../setup/workflow.ts';
import type { Aws } from '../unit/support/aws.ts';
import { lambdaContext } from '../unit/support/events.ts';
import { putRedrive, type Row } from '../unit/support/redrives.ts';

export const batchArn = 'arn:aws:lambda:us-east-1:000000000000:function:redrive-batch';
export const redriveArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:dlq-redrive';

/** A workflow of redrives as the stack makes it, with these lives. */
export function redriveWorkflow(name: string, executionLifeSeconds = 240): Workflow {
  return new Workflow(name, {
    RedrivesTable: 'redrives_table',
    RedriveBatchArn: batchArn,
    DlqRedriveArn: redriveArn,
    LeaseSeconds: '60',
    ExecutionLifeSeconds: String(executionLifeSeconds),
    RetentionSeconds: String(30 * 86_400),
  });
}

/** Has Lambda run redrive-batch as it is built. */
export function provideBatch(aws: Aws): void {
  aws.functions.set(batchArn, (request: Parameters<typeof handler>[0]) => handler(request, lambdaContext()));
}

let executions = 0;

/** Runs a workflow whose calls go to this AWS, as an execution of its own. */
export function run(
  workflow: Workflow,
  aws: Aws,
  input: object,
  options: Partial<RunOptions> = {},
): Promise<ExecutionResult> {
  executions += 1;
  const credentials = { accessKeyId: 'workflow', secretAccessKey: 'workflow' };
  const perform = { endpoint: aws.url, region: 'us-east-1', credentials };
  return workflow.run(JSON.parse(JSON.stringify(input)), perform, { name: `execution-${executions}`, ...options });
}

/** The inputs of the executions that were started. */
export function startedIn(aws: Aws): { arn: string; input: Row }[] {
  return aws
    .inputs<{ stateMachineArn: string; input: string }>('StartExecution')
    .map(({ stateMachineArn, input }) => ({ arn: stateMachineArn, input: JSON.parse(input) as Row }));
}

/** What GraphQL has the control start. */
export function order(said: Row = {}): Row & { redriveId: string } {
  return {
    redriveId: ulid(),
    queue: 'fifo',
    mode: 'redrive',
    filter: { chatId: 'bob' },
    reason: 'the fix is out',
    startedBy: 'olga',
    startedAt: new Date().toISOString(),
    includeRevokedSenders: false,
    ...said,
  };
}

/** A redrive that was started, and no execution has taken on yet. */
export async function waitingRedrive(
  queue: string,
  said: Row = {},
): Promise<{ redriveId: string; queue: string; generation: number }> {
  return putRedrive(queue, said, 0);
}
