import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { allValues, headersOf, listed } from './handshake.ts';
import type { SocketConnection } from './socket-connection.ts';
import type { WebSocketApiDefinition } from './websocket-api.ts';

/** What an authorizer and `$connect` see of a handshake: its headers and its query, each once and in lists. */
export function handshakeEvent(request: IncomingMessage, search: URLSearchParams) {
  const headers = headersOf(request);
  const query = Object.fromEntries(search);
  return {
    parts: { headers, query },
    event: {
      headers,
      multiValueHeaders: listed(headers),
      ...(search.size > 0 && { queryStringParameters: query, multiValueQueryStringParameters: allValues(search) }),
    },
  };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html */
export function requestContextOf(
  { apiId, stage, domainName }: WebSocketApiDefinition,
  { connectionId, connectedAt, identity }: SocketConnection,
  routeKey: string,
  eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT',
) {
  const now = Date.now();
  const requestId = randomBytes(11).toString('base64');
  return {
    routeKey,
    eventType,
    ...(eventType === 'MESSAGE' && { messageId: randomBytes(11).toString('base64') }),
    extendedRequestId: requestId,
    requestId,
    requestTime: new Date(now).toUTCString(),
    requestTimeEpoch: now,
    messageDirection: 'IN',
    stage,
    connectedAt,
    identity,
    domainName,
    connectionId,
    apiId,
  };
}
