/** An HTTP answer, whole. */
export type Reply = { status: number; headers: Record<string, string>; body: Buffer | string };

/** An AWS error: `error` is the name the SDK raises; `fields` are further members of its body (CancellationReasons, ...). */
export type AwsError = { error: string; statusCode: number; message: string; fields?: Record<string, unknown> };

/** What an error says differs by service: same cause, the name that service gives it. */
export type Refusal = 'unknown key' | 'bad signature' | 'not signed' | 'denied';

const restServices = new Set(['execute-api', 'lambda']);
const queryNames = new Set(['sns', 'sqs']);

/**
 * The name and status by which a service refuses a caller: SNS and SQS use the older query names, the JSON services answer 400.
 * https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and the same page of each service.
 */
export function refusal(service: string, cause: Refusal, message: string): AwsError {
  const statusCode = queryNames.has(service) || restServices.has(service) ? 403 : 400;
  return { error: refusalName(service, cause), statusCode, message };
}

function refusalName(service: string, cause: Refusal): string {
  const query = queryNames.has(service);
  switch (cause) {
    case 'unknown key':
      return query ? 'InvalidClientTokenId' : 'UnrecognizedClientException';
    case 'bad signature':
      return query ? 'SignatureDoesNotMatch' : 'InvalidSignatureException';
    case 'not signed':
      return query ? 'MissingAuthenticationToken' : 'MissingAuthenticationTokenException';
    case 'denied':
      return service === 'sns' ? 'AuthorizationError' : 'AccessDeniedException';
  }
}

/** An error in the wire format of the service, such that its SDK client raises it by name. */
export function errorReply(service: string, requestId: string, failure: AwsError): Reply {
  if (service === 'sns') return queryError(requestId, failure);
  return restServices.has(service) ? restError(requestId, failure) : jsonError(service, requestId, failure);
}

function queryError(requestId: string, { error, statusCode, message }: AwsError): Reply {
  const type = statusCode < 500 ? 'Sender' : 'Receiver';
  return {
    status: statusCode,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>${type}</Type>` +
      `<Code>${escapeXml(error)}</Code><Message>${escapeXml(message)}</Message></Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}

function restError(requestId: string, { error, statusCode, message, fields }: AwsError): Reply {
  return {
    status: statusCode,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': error },
    body: JSON.stringify({ message, ...fields }),
  };
}

function jsonError(service: string, requestId: string, { error, statusCode, message, fields }: AwsError): Reply {
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': requestId,
  };
  // SQS speaks JSON but still names its errors as the query protocol did.
  if (service === 'sqs') headers['x-amzn-query-error'] = `${error};${statusCode < 500 ? 'Sender' : 'Receiver'}`;
  return { status: statusCode, headers, body: JSON.stringify({ __type: error, message, ...fields }) };
}

const xmlEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (char) => xmlEntities[char] ?? char);
}
