import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent, Context } from 'aws-lambda';
import { admit, type Admission, type ConnectRequest } from '../domain/connecting/admit.ts';
import { subprotocol } from '../domain/protocol/subprotocol.ts';
import { headerOf } from '../entry/headers.ts';
import { errorSummary, logger } from '../platform/logger.ts';

/**
 * The authorizer of `$connect`. API Gateway asks it once a connection and keeps its context for the connection's life.
 * It fails closed: an error other than `Unauthorized` becomes a 500, and nothing opens.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
 *
 * For Lambda a client without a good token is a failure like any other, since the handler throws. So alarms do not look at
 * its errors; they count its log lines, one for every connection that does not open.
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEvent,
  context: Context,
): Promise<APIGatewayAuthorizerResult> {
  logger.addContext(context);
  const admission = await decide(event);
  switch (admission.verdict) {
    case 'unknown':
      logger.info('Refused a connection', { why: 'token' });
      // API Gateway answers 401 for this very text.
      throw new Error('Unauthorized');
    case 'refused':
      logger.info('Refused a connection', { userId: admission.userId, why: admission.why });
      return policy(admission.userId, 'Deny', event.methodArn);
    case 'admitted':
      return { ...policy(admission.context.userId, 'Allow', event.methodArn), context: { ...admission.context } };
  }
}

async function decide(event: APIGatewayRequestAuthorizerEvent): Promise<Admission> {
  try {
    return await admit(connectRequestOf(event));
  } catch (error) {
    logger.error('Could not decide about a connection', { cause: errorSummary(error) });
    throw new Error('Authorization is not available');
  }
}

function connectRequestOf(event: APIGatewayRequestAuthorizerEvent): ConnectRequest {
  const query = event.queryStringParameters ?? {};
  const chats = event.multiValueQueryStringParameters?.['chatIds'] ?? [query['chatIds'] ?? ''];
  const targets = [query['hubId'], query['orgId'], query['projectId']];
  return {
    token: subprotocol.tokenIn(headerOf(event.headers, 'Sec-WebSocket-Protocol')) ?? query['token'],
    origin: headerOf(event.headers, 'Origin'),
    userId: query['userId'],
    chatIds: [...chats.join(',').split(','), ...targets.map((target) => target ?? '')],
    frames: query['frames'],
  };
}

function policy(principalId: string, effect: 'Allow' | 'Deny', methodArn: string): APIGatewayAuthorizerResult {
  return {
    principalId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: methodArn }],
    },
  };
}
