import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { errorReply } from '../domain/protocol/errors.ts';
import { logRefusal } from './socket.ts';

const headers = { 'content-type': 'application/json' };

/**
 * Answers an HTTP request with what `act` returns, or with the error in the same words as on a socket.
 *
 * @param failure what to say when AWS, or this code, fails.
 * @param success the status when nothing does.
 */
export async function answerHttp(
  context: Context,
  failure: string,
  act: () => Promise<object>,
  success = 200,
): Promise<APIGatewayProxyStructuredResultV2> {
  try {
    return { statusCode: success, headers, body: JSON.stringify(await act()) };
  } catch (error) {
    const { statusCode, ...reply } = errorReply(error, failure, context.awsRequestId);
    logRefusal(error, statusCode);
    return { statusCode, headers, body: JSON.stringify(reply) };
  }
}
