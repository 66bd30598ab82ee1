import { parseRequest } from '../domain/protocol/parse.ts';
import { PingRequest } from '../domain/protocol/ping-request.ts';
import { readPulse } from '../domain/subscribing/pulse.ts';
import { answerAction } from '../entry/action.ts';
import { invocation } from '../entry/invocation.ts';
import type { SocketEvent } from '../entry/socket.ts';

/**
 * The action `ping`: keeps API Gateway from closing an idle socket (after 10 minutes), and tells a client what it cannot
 * notice by itself: that the last message, or a whole subscription, is lost.
 */
export const handler = invocation(async (event: SocketEvent, context) =>
  answerAction(event, context, 'Failed to answer the ping', {
    ping: async (body, caller) => {
      parseRequest(PingRequest, body);
      // What the schema made of them lacks chats called `constructor` or `prototype`.
      return readPulse(caller, Object.keys(body['positions'] ?? {}));
    },
  }),
);
