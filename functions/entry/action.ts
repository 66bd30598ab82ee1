import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { unknownAction } from '../domain/protocol/actions.ts';
import { callerOf, type Caller } from './caller.ts';
import { answerSocket, type SocketEvent } from './socket.ts';

/** Does what one action asks and gives what the client is to hear. */
export type Act = (body: Record<string, unknown>, caller: Caller) => Promise<object>;

/**
 * Answers a message that came over a route named after its action. The route decides, not the body: a body that names two
 * actions is not to be read in two ways. A function is asked over its own routes only, by messages only.
 *
 * @param failure what to say when AWS, or this code, fails.
 * @param actions by route.
 */
export async function answerAction(
  event: SocketEvent,
  context: Context,
  failure: string,
  actions: Readonly<Record<string, Act>>,
): Promise<APIGatewayProxyStructuredResultV2> {
  return answerSocket(event, context, failure, async (body) => {
    const { eventType, routeKey } = event.requestContext;
    const act = eventType === 'MESSAGE' && Object.hasOwn(actions, routeKey) ? actions[routeKey] : undefined;
    if (act === undefined) throw unknownAction(body['action']);
    return act(body, callerOf(event));
  });
}
