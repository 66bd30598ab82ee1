import type { PolicyEvaluator } from '../edge/iam.ts';
import { callSns } from '../messaging/calls.ts';
import type { Messaging } from '../messaging/messaging.ts';
import type { AlarmChange } from './alarms.ts';
import type { AlarmDefinition } from './from-template.ts';

type Rights = Pick<PolicyEvaluator, 'authorizeService'>;

/**
 * Checks that CloudWatch may publish each alarm to its topics. On AWS one that it may not publish stands in the alarm's history alone.
 * @throws Error naming every alarm and topic that would stay silent
 */
export function requireAlarmRights(alarms: readonly AlarmDefinition[], policies: Rights): void {
  const refused = alarms.flatMap(({ name, arn, actions }) =>
    [...new Set(Object.values(actions).flat())]
      .filter((topicArn) => !mayPublish(policies, arn, topicArn))
      .map((topicArn) => `  - ${name} may not publish to ${topicArn}`),
  );
  if (refused.length === 0) return;
  throw new Error(`Nobody would hear of alarms: no topic policy lets cloudwatch.amazonaws.com\n${refused.join('\n')}`);
}

function mayPublish(policies: Rights, sourceArn: string, resource: string): boolean {
  const call = { service: 'cloudwatch.amazonaws.com', action: 'sns:Publish', resource, sourceArn };
  return policies.authorizeService(call).allowed;
}

/** Publishes a change of state to the alarm's topics, in the fields that CloudWatch's own messages have. */
export async function notify(
  messaging: Messaging,
  { name, arn, description, actions }: AlarmDefinition,
  { from, to, at, reason }: AlarmChange,
): Promise<void> {
  const message = {
    AlarmName: name,
    AlarmDescription: description,
    NewStateValue: to,
    NewStateReason: reason,
    StateChangeTime: at.replace('Z', '+0000'),
    Region: messaging.region,
    AlarmArn: arn,
    OldStateValue: from,
  };
  for (const TopicArn of actions[to]) {
    await callSns(messaging, 'Publish', {
      TopicArn,
      Subject: `${to}: "${name}" in ${messaging.region}`.slice(0, 100),
      Message: JSON.stringify(message),
    });
  }
}
