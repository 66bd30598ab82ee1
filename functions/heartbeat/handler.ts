import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { parseRequest } from '../domain/protocol/parse.ts';
import { PingRequest } from '../domain/protocol/ping-request.ts';
import { readPulse } from '../domain/subscribing/pulse.ts';
import { answerAction } from '../entry/action.ts';
import type { SocketEvent } from '../entry/socket.ts';

/**
 * The action `ping`: keeps API Gateway from closing an idle socket (after 10 minutes), and tells a client what it cannot
 * notice by itself: that the last message, or a whole subscription, is lost.
 */
export async function handler(event: SocketEvent, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  return answerAction(event, context, 'Failed to answer the ping', {
    ping: async (body, caller) => readPulse(caller, Object.keys(parseRequest(PingRequest, body).positions ?? {})),
  });
}
