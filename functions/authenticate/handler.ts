import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { authenticate } from '../domain/connecting/authenticate.ts';
import { AuthenticateRequest } from '../domain/protocol/authenticate-request.ts';
import { parseRequest } from '../domain/protocol/parse.ts';
import { answerAction } from '../entry/action.ts';
import type { SocketEvent } from '../entry/socket.ts';

/** The action `authenticate`: a token lives an hour, a socket two; a new token keeps it going. */
export async function handler(event: SocketEvent, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  return answerAction(event, context, 'Failed to authenticate', {
    authenticate: async (body, caller) => authenticate(caller, parseRequest(AuthenticateRequest, body).token),
  });
}
