import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { parsePublishRequest } from '../domain/protocol/publish-request.ts';
import { publish } from '../domain/publishing/publish.ts';
import { httpPublishReply } from '../domain/publishing/reply.ts';
import { answerHttp } from '../entry/http.ts';
import { httpCallerOf } from '../entry/http-caller.ts';
import { invocation } from '../entry/invocation.ts';
import { jsonObject } from '../entry/socket.ts';

/** `POST /publish`: the same message as on a socket, from a backend with a token of its own or of a user. */
export const handler = invocation(async (event: APIGatewayProxyEventV2WithJWTAuthorizer, context) =>
  answerHttp(context, 'Failed to send message', async () => {
    const { userId } = httpCallerOf(event);
    const request = parsePublishRequest(jsonObject(event));
    return httpPublishReply(await publish(request, { userId }));
  }),
);
