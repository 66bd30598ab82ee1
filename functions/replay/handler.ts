import { replay } from '../domain/history/replay.ts';
import { parseRequest } from '../domain/protocol/parse.ts';
import { ReplayRequest } from '../domain/protocol/replay-request.ts';
import { answerAction } from '../entry/action.ts';
import { invocation } from '../entry/invocation.ts';
import type { SocketEvent } from '../entry/socket.ts';

/** The action `replay`: a page of a chat's history, for a client that knows what it missed. */
export const handler = invocation(async (event: SocketEvent, context) =>
  answerAction(event, context, 'Failed to replay messages', {
    replay: async (body, caller) => replay(caller, parseRequest(ReplayRequest, body)),
  }),
);
