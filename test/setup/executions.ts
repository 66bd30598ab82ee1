import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { outsideCredentials } from '../../local/edge/credentials.ts';
import type { Outputs } from './outputs.ts';

/** Starts a workflow of the `test` stack, by its definition's name, from behind the service's back, and does not wait for it. */
export async function startWorkflow({ edge, region }: Outputs, name: string, input: object): Promise<void> {
  if (!edge) throw new Error('These outputs have no edge: this test needs the embedded cloud');
  const client = new SFNClient({ region, endpoint: edge.url, credentials: outsideCredentials });
  const stateMachineArn = `arn:aws:states:${region}:000000000000:stateMachine:WebSocketNotificationService-test-${name}`;
  await client.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }));
  client.destroy();
}
