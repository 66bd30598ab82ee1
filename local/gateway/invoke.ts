/**
 * Invokes a Lambda function on behalf of an API: checks that the function's resource policy lets API Gateway do so for this source.
 * @param sourceArn the calling route, `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/ROUTE`, or the authorizer
 */
export type InvokeFunction = (functionArn: string, sourceArn: string, event: unknown) => Promise<unknown>;

/** The function behind an API Gateway integration or authorizer URI; a plain function ARN is its own. */
export function functionArnOf(uri: string): string {
  const match = /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri);
  return match?.[1] ?? uri;
}
