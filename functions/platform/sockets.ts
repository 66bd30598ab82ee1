import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { environment } from './environment.ts';
import { httpHandler } from './http-handler.ts';
import { errorSummary, logger } from './logger.ts';

/**
 * What became of a post. `gone`: API Gateway knows no such connection (it also says so before `$connect` has
 * returned). `throttled`: too fast, or the client's buffer is full. `too-large`: no retry can help. `failed`: unknown.
 */
export type PostOutcome = 'delivered' | 'gone' | 'throttled' | 'too-large' | 'failed';

/** A slow connection must not hold up the others, so a post that takes longer counts as failed and is retried alone. */
const postTimeoutMs = 1_000;

/** How many posts a function keeps in the air at once. */
export const postsInFlight = 64;

const outcomeOfError: Record<string, PostOutcome> = {
  GoneException: 'gone',
  LimitExceededException: 'throttled',
  PayloadTooLargeException: 'too-large',
};

let client: ApiGatewayManagementApiClient | undefined;

/** One try a call: when and whether to try again is decided by delivery, not by the SDK. */
function sockets(): ApiGatewayManagementApiClient {
  return (client ??= new ApiGatewayManagementApiClient({
    endpoint: environment.websocketEndpoint,
    maxAttempts: 1,
    requestHandler: httpHandler({ requestTimeout: postTimeoutMs, maxSockets: postsInFlight }),
  }));
}

/**
 * Posts one frame to one connection; never throws.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
 */
export async function post(connectionId: string, frame: Uint8Array): Promise<PostOutcome> {
  try {
    await sockets().send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: frame }));
    return 'delivered';
  } catch (error) {
    const outcome = outcomeOfError[errorSummary(error).name] ?? 'failed';
    if (outcome === 'failed') logger.warn('A post failed', { connectionId, cause: errorSummary(error) });
    return outcome;
  }
}

/** Closes a connection. One that is gone already is closed. Other AWS errors are thrown. */
export async function closeSocket(connectionId: string): Promise<void> {
  try {
    await sockets().send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
  } catch (error) {
    if (errorSummary(error).name !== 'GoneException') throw error;
  }
}
