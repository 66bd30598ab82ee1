import { Failure } from '../failure.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

/** What a Task of `arn:aws:states:::lambda:invoke` may be called with, of https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html. */
const known = ['FunctionName', 'Payload', 'InvocationType', 'Qualifier'];

/** The client's answer to Invoke. */
export type InvokeAnswer = {
  StatusCode?: number;
  ExecutedVersion?: string;
  FunctionError?: string;
  Payload?: Uint8Array;
  $metadata: { httpStatusCode?: number; requestId?: string };
};

/**
 * The input of Invoke: the payload, any JSON, travels as its text.
 * @throws Failure for what is not implemented
 */
export function invokeInput(parameters: Json): object {
  const given = isObject(parameters) ? parameters : {};
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Failure('States.Runtime', `lambda:invoke takes ${known.join(', ')} here, and not ${unknown.join(', ')}.`);
  }
  const { InvocationType = 'RequestResponse', Payload, ...rest } = given;
  if (InvocationType !== 'RequestResponse') {
    throw new Failure('States.Runtime', `The embedded cloud has no InvocationType ${JSON.stringify(InvocationType)}.`);
  }
  return { ...rest, ...(Payload === undefined ? {} : { Payload: Buffer.from(JSON.stringify(Payload)) }) };
}

/**
 * The result of the state, with the function's own as JSON in Payload.
 * @throws Failure of a function that failed: by its error's name, with the error as JSON for a cause
 */
export function invokeResult(answer: InvokeAnswer): JsonObject {
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  const payload = text === '' ? null : (JSON.parse(text) as Json);
  if (answer.FunctionError !== undefined) {
    const type = isObject(payload) ? payload['errorType'] : undefined;
    throw new Failure(typeof type === 'string' ? type : 'Lambda.Unknown', text);
  }
  return {
    ExecutedVersion: answer.ExecutedVersion ?? '$LATEST',
    Payload: payload,
    SdkHttpMetadata: { HttpStatusCode: answer.$metadata.httpStatusCode ?? 200 },
    SdkResponseMetadata: { RequestId: answer.$metadata.requestId ?? '' },
    StatusCode: answer.StatusCode ?? 200,
  };
}
