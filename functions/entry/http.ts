import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { errorReply } from '../domain/protocol/errors.ts';
import { logger } from '../platform/logger.ts';
import { logRefusal } from './socket.ts';

const headers = { 'content-type': 'application/json' };

/**
 * Answers an HTTP request with what `act` returns, or with the error in the same words as on a socket.
 *
 * @param failure what to say when AWS, or this code, fails.
 */
export async function answerHttp(
  context: Context,
  failure: string,
  act: () => Promise<object>,
): Promise<APIGatewayProxyStructuredResultV2> {
  logger.addContext(context);
  try {
    return { statusCode: 200, headers, body: JSON.stringify(await act()) };
  } catch (error) {
    const { statusCode, ...reply } = errorReply(error, failure, context.awsRequestId);
    logRefusal(error, statusCode);
    return { statusCode, headers, body: JSON.stringify(reply) };
  }
}
