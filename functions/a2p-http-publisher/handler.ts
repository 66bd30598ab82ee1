import type { APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { Unauthorized } from '../domain/protocol/errors.ts';
import { parsePublishRequest } from '../domain/protocol/publish-request.ts';
import { publish } from '../domain/publishing/publish.ts';
import { httpPublishReply } from '../domain/publishing/reply.ts';
import { answerHttp } from '../entry/http.ts';
import { jsonObject } from '../entry/socket.ts';

/** `POST /publish`: the same message as on a socket, from a backend with a token of its own or of a user. */
export async function handler(
  event: APIGatewayProxyEventV2WithJWTAuthorizer,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  return answerHttp(context, 'Failed to send message', async () => {
    const userId = userIdOf(event);
    const request = parsePublishRequest(jsonObject(event));
    return httpPublishReply(await publish(request, { userId }));
  });
}

/** The `sub` of a person's token; a machine's token, from client credentials, may name its client only. */
function userIdOf({ requestContext }: APIGatewayProxyEventV2WithJWTAuthorizer): string {
  const { sub, client_id: clientId } = requestContext.authorizer?.jwt?.claims ?? {};
  const userId = sub || clientId;
  if (typeof userId !== 'string' || userId === '') throw new Unauthorized('No user ID in context');
  return userId;
}
