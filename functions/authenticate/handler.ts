import { authenticate } from '../domain/connecting/authenticate.ts';
import { AuthenticateRequest } from '../domain/protocol/authenticate-request.ts';
import { parseRequest } from '../domain/protocol/parse.ts';
import { answerAction } from '../entry/action.ts';
import { invocation } from '../entry/invocation.ts';
import type { SocketEvent } from '../entry/socket.ts';

/** The action `authenticate`: a token lives an hour, a socket two; a new token keeps it going. */
export const handler = invocation(async (event: SocketEvent, context) =>
  answerAction(event, context, 'Failed to authenticate', {
    authenticate: async (body, caller) => authenticate(caller, parseRequest(AuthenticateRequest, body).token),
  }),
);
