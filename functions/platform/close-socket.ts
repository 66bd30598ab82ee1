import { ApiGatewayManagementApiClient, DeleteConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { environment } from './environment.ts';
import { httpHandler } from './http-handler.ts';
import { errorSummary } from './logger.ts';

let client: ApiGatewayManagementApiClient | undefined;

/** Closes a connection. One that is gone already is closed. Other AWS errors are thrown. */
export async function closeSocket(connectionId: string): Promise<void> {
  client ??= new ApiGatewayManagementApiClient({
    endpoint: environment.websocketEndpoint,
    maxAttempts: 1,
    requestHandler: httpHandler({ requestTimeout: 1_000, maxSockets: 10 }),
  });
  try {
    await client.send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
  } catch (error) {
    if (errorSummary(error).name !== 'GoneException') throw error;
  }
}
