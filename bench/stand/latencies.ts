/**
 * What calls of AWS take within a region, in milliseconds, as an assumption: DynamoDB promises single digits, the others
 * promise nothing. The edge adds them to what this machine needs itself.
 */
export const latencies = { dynamodb: 5, sns: 12, sqs: 12, 'execute-api': 10 };
