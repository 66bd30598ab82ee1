import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { openConnection } from '../domain/connecting/open.ts';
import { removeConnection } from '../domain/connecting/remove.ts';
import { unknownAction } from '../domain/protocol/actions.ts';
import { errorReply } from '../domain/protocol/errors.ts';
import { subprotocol } from '../domain/protocol/subprotocol.ts';
import { callerOf } from '../entry/caller.ts';
import { headerOf } from '../entry/headers.ts';
import { invocation } from '../entry/invocation.ts';
import { answerSocket, logRefusal, type SocketEvent } from '../entry/socket.ts';
import { errorSummary, logger } from '../platform/logger.ts';
import { count } from '../platform/metrics.ts';

/**
 * The `$connect` and `$disconnect` routes. A client can name either as the action of a message: such a message
 * opens and closes nothing.
 */
export const handler = invocation(async (event: SocketEvent, context): Promise<APIGatewayProxyStructuredResultV2> => {
  switch (event.requestContext.eventType) {
    case 'CONNECT':
      return connect(event, context);
    case 'DISCONNECT':
      return disconnect(event);
    case 'MESSAGE':
      return answerSocket(event, context, 'Failed', async ({ action }) => {
        throw unknownAction(action);
      });
  }
});

async function connect(event: SocketEvent, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  try {
    await openConnection(callerOf(event));
    count('Connected');
    const offered = subprotocol.isOffered(headerOf(event.headers, 'Sec-WebSocket-Protocol'));
    return { statusCode: 200, ...(offered && { headers: { 'Sec-WebSocket-Protocol': subprotocol.name } }) };
  } catch (error) {
    const { statusCode, ...reply } = errorReply(error, 'Failed to connect', context.awsRequestId);
    logRefusal(error, statusCode);
    return { statusCode, body: JSON.stringify(reply) };
  }
}

/** The socket is closed whatever we answer, so a failure is only noted: what stays behind goes with its first 410. */
async function disconnect({
  requestContext: { connectionId },
}: SocketEvent): Promise<APIGatewayProxyStructuredResultV2> {
  count('Disconnected');
  try {
    await removeConnection(connectionId);
  } catch (error) {
    logger.error('Rows of a closed connection stay behind', { connectionId, cause: errorSummary(error) });
  }
  return { statusCode: 200 };
}
