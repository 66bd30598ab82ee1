import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { httpHandler } from './http-handler.ts';

let client: SFNClient | undefined;

/** Made when first needed: most invocations start no workflow. */
function workflows(): SFNClient {
  return (client ??= new SFNClient({
    maxAttempts: 3,
    requestHandler: httpHandler({ requestTimeout: 1_000, maxSockets: 20 }),
  }));
}

/**
 * Starts an Express workflow and does not wait for it. Whoever repeats a start whose answer was lost starts it twice:
 * starting is not idempotent for Express workflows, so these must be.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 *
 * @throws AWS errors as they are.
 */
export async function startWorkflow(stateMachineArn: string, input: object): Promise<void> {
  await workflows().send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }));
}
