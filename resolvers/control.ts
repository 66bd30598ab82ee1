import { type Context, type HTTPRequest, type HTTPResult, util } from '@aws-appsync/utils';
import { refuse } from './refusals.ts';
import { isTransient, type RefusalType } from './rules/problems.ts';

/** What the workflow redrive-control does. */
export type ControlAction = 'plan' | 'start' | 'cancel';

/** StartSyncExecution's answer; `output` is JSON, `cause` for people. */
interface Execution {
  status?: string;
  error?: string;
  cause?: string;
  output?: string;
}

/** A call of Step Functions. AppSync writes its body as JSON. */
export type ControlRequest = HTTPRequest<Record<string, unknown>>;

/** The errors redrive-control fails with on purpose, whose causes are for whoever asked. */
const refusals = ['Conflict', 'NotFound', 'InvalidInput'];

/** Runs redrive-control and waits for its end (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html). */
export function execute(ctx: Context, action: ControlAction, input: Record<string, unknown>): ControlRequest {
  return {
    method: 'POST',
    resourcePath: '/',
    params: {
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AWSStepFunctions.StartSyncExecution',
      },
      body: { stateMachineArn: ctx.env.REDRIVE_CONTROL, input: JSON.stringify({ action, ...input }) },
    },
  };
}

/**
 * What redrive-control put out. Status 200 alone says nothing: an execution that failed has it, too.
 *
 * @param unknownOutcome what to tell when nobody knows whether it was done
 */
export function outputOf(ctx: Context, unknownOutcome: string): unknown {
  if (ctx.error) util.error(unknownOutcome, 'InternalFailure');
  const { statusCode, body } = ctx.result as HTTPResult;
  const answer = JSON.parse(body) as (Execution & { __type?: string }) | string;
  if (typeof answer !== 'object' || answer === null) util.error(unknownOutcome, 'InternalFailure');
  if (statusCode !== 200) refuseCall(statusCode, answer.__type ?? '', unknownOutcome);
  if (answer.status === 'SUCCEEDED' && answer.output) return JSON.parse(answer.output);
  const known = refusals.indexOf(answer.error ?? '') >= 0;
  if (answer.status === 'FAILED' && known) refuse(answer.error as RefusalType, answer.cause ?? '');
  util.error(unknownOutcome, 'InternalFailure');
}

/** Step Functions did not take the call. Its own words stay inside: they may name resources. */
function refuseCall(statusCode: number, type: string, unknownOutcome: string): never {
  if (isTransient(type) || statusCode === 429) refuse('Throttled', 'Too many requests at once; try again.');
  if (statusCode >= 500) util.error(unknownOutcome, 'InternalFailure');
  util.error('The request was not carried out: the service may not, or cannot, run its workflow.', 'InternalFailure');
}
