import { unknownAction } from '../domain/protocol/actions.ts';
import { parsePublishRequest } from '../domain/protocol/publish-request.ts';
import { publish } from '../domain/publishing/publish.ts';
import { socketPublishReply } from '../domain/publishing/reply.ts';
import { callerOf } from '../entry/caller.ts';
import { invocation } from '../entry/invocation.ts';
import { answerSocket, type SocketEvent } from '../entry/socket.ts';

/**
 * The `$default` route: `sendMessage`, and everything that no other route serves. A message without an `action` is
 * taken for a `sendMessage`, as the earlier protocol has it.
 */
export const handler = invocation(async (event: SocketEvent, context) =>
  answerSocket(event, context, 'Failed to send message via WebSocket', async (body) => {
    const { action = 'sendMessage' } = body;
    if (action !== 'sendMessage' || event.requestContext.eventType !== 'MESSAGE') throw unknownAction(action);
    const { connectionId, userId, tokenExpiresAt } = callerOf(event);
    const request = parsePublishRequest(body);
    const accepted = await publish(request, { userId, connection: { connectionId, tokenExpiresAt } });
    return socketPublishReply(accepted, request.requestAck);
  }),
);
