import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import type { Caller } from '../../resolvers/rules/permission.ts';
import { changePermission } from '../domain/granting/change-permission.ts';
import { listPermissions } from '../domain/granting/list-permissions.ts';
import { permissionReply } from '../domain/granting/permission-reply.ts';
import { parseGrantRequest, parseListRequest, parseRevokeRequest } from '../domain/protocol/permission-request.ts';
import { answerHttp } from '../entry/http.ts';
import { httpCallerOf } from '../entry/http-caller.ts';
import { invocation } from '../entry/invocation.ts';
import { jsonObject } from '../entry/socket.ts';

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;

/** `/permissions`: grants, revokes and lists by the rules of the GraphQL API; who asks is known by their token alone. */
export const handler = invocation(async (event: Event, context) => {
  const query = event.queryStringParameters ?? {};
  switch (event.routeKey) {
    case 'POST /permissions':
      return answerHttp(context, 'Failed to grant permission', async () => grant(event), 201);
    case 'DELETE /permissions':
      return answerHttp(context, 'Failed to revoke permission', async () => {
        const caller = callerOf(event);
        return permissionReply(await changePermission(caller, parseRevokeRequest(query)));
      });
    default:
      return answerHttp(context, 'Failed to list permissions', async () =>
        listPermissions(callerOf(event), parseListRequest(query)),
      );
  }
});

async function grant(event: Event): Promise<object> {
  const caller = callerOf(event);
  const { targetUserId, chatId, role = 'member', expiresAt } = parseGrantRequest(jsonObject(event));
  const change = {
    userId: targetUserId,
    chatId,
    role,
    ...(expiresAt !== undefined && { expiresAt: Math.floor(Date.parse(expiresAt) / 1000) }),
  };
  return permissionReply(await changePermission(caller, change));
}

function callerOf(event: Event): Caller {
  const { userId, groups } = httpCallerOf(event);
  return { userId, administrator: groups.includes('admins') };
}
