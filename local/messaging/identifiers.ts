/** The account everything local belongs to; fauxqs knows no other. */
const ACCOUNT_ID = '000000000000';

/** A queue's URL, as AWS would have it. */
export function queueUrlOf(region: string, queueName: string): string {
  return `https://sqs.${region}.amazonaws.com/${ACCOUNT_ID}/${queueName}`;
}

export function topicArnOf(region: string, topicName: string): string {
  return `arn:aws:sns:${region}:${ACCOUNT_ID}:${topicName}`;
}

/** The last part of an ARN: the name of a queue or topic. */
export function nameInArn(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
