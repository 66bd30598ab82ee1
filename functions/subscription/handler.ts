import { parseRequest } from '../domain/protocol/parse.ts';
import { SubscriptionRequest } from '../domain/protocol/subscription-request.ts';
import { subscribe } from '../domain/subscribing/subscribe.ts';
import { unsubscribe } from '../domain/subscribing/unsubscribe.ts';
import { answerAction } from '../entry/action.ts';
import { invocation } from '../entry/invocation.ts';
import type { SocketEvent } from '../entry/socket.ts';

/** The actions `subscribe` and `unsubscribe`: which chats a live connection listens to. */
export const handler = invocation(async (event: SocketEvent, context) =>
  answerAction(event, context, 'Failed to change subscriptions', {
    subscribe: async (body, caller) => subscribe(caller, parseRequest(SubscriptionRequest, body).chatIds),
    unsubscribe: async (body, caller) => unsubscribe(caller, parseRequest(SubscriptionRequest, body).chatIds),
  }),
);
