import type { AwsCall } from '../edge/call.ts';
import type { Backend } from '../edge/edge.ts';
import { errorReply, type Reply } from '../edge/replies.ts';
import { FunctionError } from './function.ts';
import type { Functions } from './functions.ts';

/** Payload of a synchronous invocation, either way (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
const maxPayloadBytes = 6 * 1024 * 1024;

/** Lambda's Invoke, synchronous (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html). */
export function lambdaBackend(functions: Pick<Functions, 'get' | 'has'>): Backend {
  return async (call) => {
    const refuse = (error: string, statusCode: number, message: string, fields = {}): Reply =>
      errorReply('lambda', call.id, { error, statusCode, message, fields });
    const [needed] = call.resources;
    const arn = needed?.arn ?? '';
    const type = call.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    if (type !== 'RequestResponse') {
      return refuse(
        'InvalidParameterValueException',
        400,
        `The embedded Lambda has no invocation type ${String(type)}.`,
      );
    }
    if (!functions.has(arn))
      return refuse('ResourceNotFoundException', 404, `Function not found: ${arn}`, { Type: 'User' });
    if (call.body.length > maxPayloadBytes) {
      return refuse(
        'RequestTooLargeException',
        413,
        `Request must be smaller than ${maxPayloadBytes} bytes for the InvokeFunction operation`,
      );
    }
    const event = readEvent(call);
    if (event === undefined) {
      return refuse('InvalidRequestContentException', 400, 'Could not parse request body into json.', { Type: 'User' });
    }
    try {
      return answered(call, await functions.get(arn).invoke(event.value, traceHeaderOf(call)));
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      if (error.errorType === 'TooManyRequestsException') {
        const fields = { Type: 'User', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' };
        return refuse('TooManyRequestsException', 429, 'Rate Exceeded.', fields);
      }
      const { errorType, message: errorMessage, trace } = error;
      return answered(
        call,
        { errorType, errorMessage, ...(trace && { trace }) },
        { 'x-amz-function-error': 'Unhandled' },
      );
    }
  };
}

function traceHeaderOf({ headers }: AwsCall): string | undefined {
  return [headers['x-amzn-trace-id']].flat()[0];
}

/** What a function answered; one that failed is a success of Lambda's with a header that says so. */
function answered({ id }: AwsCall, payload: unknown, more: Record<string, string> = {}): Reply {
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': id,
      'x-amz-executed-version': '$LATEST',
      ...more,
    },
    body: JSON.stringify(payload),
  };
}

/** No body stands for an empty event. */
function readEvent({ body }: AwsCall): { value: unknown } | undefined {
  if (body.length === 0) return { value: {} };
  try {
    return { value: JSON.parse(body.toString()) as unknown };
  } catch {
    return undefined;
  }
}
