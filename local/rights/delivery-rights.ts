import type { PolicyEvaluator } from '../edge/iam.ts';
import { nameInArn } from '../messaging/identifiers.ts';
import type { Stack } from '../template/stack.ts';

/**
 * Checks that SNS may send to every queue it is subscribed to, and to the dead-letter queue of the subscription. SNS and SQS are one
 * library here, so no such send passes the edge; on AWS one that the queue's policy does not allow is lost without a word to anybody.
 * A queue's own dead-letter queue needs no policy: SQS moves messages there by itself.
 * https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
 * @throws Error naming every queue and topic that would not work
 */
export function requireDeliveryRights(stack: Stack, policies: Pick<PolicyEvaluator, 'authorizeService'>): void {
  const refused = stack.ofType('AWS::SNS::Subscription').flatMap(({ properties }) => {
    const { TopicArn, Endpoint, RedrivePolicy } = properties as {
      TopicArn: string;
      Endpoint: string;
      RedrivePolicy?: { deadLetterTargetArn?: string };
    };
    const targets = [{ role: 'queue', arn: Endpoint }];
    if (RedrivePolicy?.deadLetterTargetArn) {
      targets.push({ role: 'subscription’s dead-letter queue', arn: RedrivePolicy.deadLetterTargetArn });
    }
    return targets.filter(({ arn }) => !mayDeliver(policies, TopicArn, arn)).map((target) => ({ ...target, TopicArn }));
  });
  if (refused.length === 0) return;
  const lines = refused.map(
    ({ role, arn, TopicArn }) =>
      `  - topic ${nameInArn(TopicArn)} may not send to its ${role} ${nameInArn(arn)}: the queue's policy has no Allow of ` +
      `sqs:SendMessage for sns.amazonaws.com with aws:SourceArn ${TopicArn}`,
  );
  throw new Error(`Messages would be lost between SNS and SQS:\n${lines.join('\n')}`);
}

function mayDeliver(policies: Pick<PolicyEvaluator, 'authorizeService'>, sourceArn: string, resource: string): boolean {
  const call = { service: 'sns.amazonaws.com', action: 'sqs:SendMessage', resource, sourceArn };
  return policies.authorizeService(call).allowed;
}
