/**
 * A member or an error of a service as Step Functions spells it: as the AWS SDK for Java 2 does, acronyms like words, in PascalCase. So
 * DynamoDB's BOOL, NULL and SS are Bool, Nul and Ss, in parameters and results, and SQS's MD5OfMessageBody is Md5OfMessageBody
 * (https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html; github.com/aws/aws-sdk-js/issues/4294,
 * github.com/aws/aws-sdk-js-v3/issues/4948, github.com/localstack/localstack/pull/11405).
 */
export function javaName(name: string): string {
  if (name === 'NULL') return 'Nul';
  const cased = name.replace(/[A-Z][A-Z0-9]+(?![a-z0-9])/g, (run) => run.charAt(0) + run.slice(1).toLowerCase());
  return cased.charAt(0).toUpperCase() + cased.slice(1);
}
