import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { errorSummary, logger } from '../platform/logger.ts';
import { count } from '../platform/metrics.ts';
import { describe } from '../domain/protocol/describe.ts';
import { errorReply, InvalidRequest, ServiceError } from '../domain/protocol/errors.ts';
import { limits } from '../domain/protocol/limits.ts';
import { isJsonObject } from '../domain/protocol/publish-request.ts';

/** What API Gateway hands a function behind a WebSocket route; the authorizer's answer comes as strings. */
export interface SocketEvent {
  requestContext: {
    connectionId: string;
    eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
    routeKey: string;
    authorizer?: Record<string, string | number | boolean | null | undefined> | undefined;
  };
  headers?: Record<string, string | undefined>;
  body?: string | null;
  isBase64Encoded?: boolean;
}

/** A request on a socket: its JSON object, and the ackId that its answer must echo. */
type Body = Record<string, unknown>;

/**
 * Answers one message of a client: parses it, lets `act` do what it asks, and puts either the reply or the error in
 * the frame that goes back, with the request's ackId. The client sees the body only, so the status is in there, too.
 *
 * @param failure what to say when AWS, or this code, fails.
 */
export async function answerSocket(
  event: SocketEvent,
  context: Context,
  failure: string,
  act: (body: Body) => Promise<object>,
): Promise<APIGatewayProxyStructuredResultV2> {
  let ackId: { ackId?: unknown } = {};
  try {
    const body = jsonObject(event);
    ackId = ackIdOf(body);
    return { statusCode: 200, body: JSON.stringify({ ...(await act(body)), ...ackId }) };
  } catch (error) {
    const { statusCode, ...reply } = errorReply(error, failure, context.awsRequestId);
    logRefusal(error, statusCode);
    return { statusCode, body: JSON.stringify({ type: 'error', ...reply, statusCode, ...ackId }) };
  }
}

/** @throws InvalidRequest unless the body is one JSON object. */
export function jsonObject({ body, isBase64Encoded }: Pick<SocketEvent, 'body' | 'isBase64Encoded'>): Body {
  try {
    const json: unknown = JSON.parse(isBase64Encoded ? textOf(body ?? '') : (body ?? ''));
    if (isJsonObject(json)) return json;
  } catch {
    // Not JSON at all: refused below like JSON that is no object.
  }
  throw new InvalidRequest('Request body not json');
}

/** @throws TypeError for bytes that are no UTF-8, which a lenient decoder would quietly change. */
function textOf(base64: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
}

/**
 * Echoed as it came, whatever it is, so that even a refusal can be matched to its request.
 *
 * @throws InvalidRequest for one that would be most of the answer: not echoing it would leave its sender waiting.
 */
function ackIdOf({ ackId }: Body): { ackId?: unknown } {
  if (ackId === undefined) return {};
  if (lengthOf(ackId) <= limits.ackIdLength) return { ackId };
  throw new InvalidRequest(
    `Invalid ackId: expected at most ${limits.ackIdLength} characters of JSON, got ${describe(ackId)}.`,
  );
}

/** Characters of JSON; endless for a value nested so deeply that writing it overflows the stack. */
function lengthOf(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Infinity;
  }
}

/** Notes and counts what was refused: expected refusals quietly and without their words, failures loudly. */
export function logRefusal(error: unknown, statusCode: number): void {
  const notes = { statusCode, cause: errorSummary(error) };
  if (error instanceof ServiceError) {
    count('Refused', 1, error.name);
    logger.info('Refused', notes);
  } else {
    count('Failed');
    logger.error('Failed', notes);
  }
}
