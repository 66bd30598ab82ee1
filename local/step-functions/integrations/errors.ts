import { Failure } from '../failure.ts';
import { javaName } from './java-names.ts';
import { errorPrefixOf, type SdkPackage, type ServiceName } from './sdk.ts';

type SdkError = Error & { $metadata?: { httpStatusCode?: number; requestId?: string } };

/**
 * An error of an SDK call as Step Functions names it: after the exception classes of the AWS SDK for Java 2, with the service before it
 * (`DynamoDb.ConditionalCheckFailedException`); what the service's model does not have is the service's own exception
 * (`DynamoDb.DynamoDbException`), what never reached the service an SdkClientException.
 * https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html and .../connect-lambda.html
 */
export function failureOf(service: ServiceName, sdk: SdkPackage, error: unknown): Failure {
  const prefix = errorPrefixOf(service);
  const { name, message, $metadata } = error as SdkError;
  if ($metadata?.httpStatusCode === undefined) {
    return new Failure(`${prefix}.SdkClientException`, `Unable to execute HTTP request: ${message}`);
  }
  const { httpStatusCode, requestId } = $metadata;
  const cause = `${message} (Service: ${prefix}, Status Code: ${httpStatusCode}, Request ID: ${requestId})`;
  const modelled = [name, `${name}Exception`].some((candidate) => typeof sdk[candidate] === 'function');
  if (modelled) return new Failure(`${prefix}.${exceptionName(name)}`, cause);
  // The optimized integration of Lambda has a name of its own for it.
  return new Failure(`${prefix}.${service === 'lambda' ? 'AWSLambda' : prefix}Exception`, cause);
}

/** QueueDoesNotExist is QueueDoesNotExistException in Java. */
function exceptionName(name: string): string {
  const cased = javaName(name);
  return cased.endsWith('Exception') ? cased : `${cased}Exception`;
}
