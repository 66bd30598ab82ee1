import type { PolicyDocument, ResourcePolicy } from '../edge/iam.ts';
import type { Stack, SupportedResources } from './stack.ts';

export const policyProperties: SupportedResources = {
  'AWS::IAM::Role': {
    AssumeRolePolicyDocument: { noEffect: 'the embedded cloud hands each role its own credentials' },
    Description: { noEffect: 'text for people' },
    ManagedPolicyArns: { noEffect: 'AWS’s own policies are not known here: what they allow is denied' },
    Policies: 'implemented',
    RoleName: 'implemented',
    Tags: { noEffect: 'text for people' },
  },
  'AWS::IAM::Policy': { PolicyDocument: 'implemented', PolicyName: 'implemented', Roles: 'implemented' },
  'AWS::SNS::TopicPolicy': { PolicyDocument: 'implemented', Topics: 'implemented' },
  'AWS::SQS::QueuePolicy': { PolicyDocument: 'implemented', Queues: 'implemented' },
  'AWS::XRay::ResourcePolicy': { PolicyDocument: 'implemented', PolicyName: { noEffect: 'text for people' } },
};

/** All policies of a role, inline and attached, by the role's ARN. */
export function identityPoliciesOf(stack: Stack, roleArn: string): PolicyDocument[] {
  const role = stack.ofType('AWS::IAM::Role').find(({ attributes }) => attributes['Arn'] === roleArn);
  if (!role) throw new Error(`The template defines no role ${roleArn}`);
  const inline = (role.properties['Policies'] ?? []) as { PolicyName: string; PolicyDocument: unknown }[];
  const attached = stack
    .ofType('AWS::IAM::Policy')
    .filter(({ properties }) => (properties['Roles'] as string[]).includes(role.ref));
  return [
    ...inline.map(({ PolicyName, PolicyDocument }) => ({ name: PolicyName, document: PolicyDocument })),
    ...attached.map(({ logicalId, properties }) => ({ name: logicalId, document: properties['PolicyDocument'] })),
  ];
}

/** The policies that topics, queues and X-Ray carry; X-Ray's is JSON text, and about all there is. */
export function resourcePoliciesOf(stack: Stack): ResourcePolicy[] {
  const queueArns = new Map(
    stack.ofType('AWS::SQS::Queue').map(({ ref, attributes }) => [ref, attributes['Arn'] ?? '']),
  );
  const ofTopics = stack.ofType('AWS::SNS::TopicPolicy').map(({ logicalId, properties }) => ({
    name: logicalId,
    document: properties['PolicyDocument'],
    resources: properties['Topics'] as string[],
  }));
  const ofQueues = stack.ofType('AWS::SQS::QueuePolicy').map(({ logicalId, properties }) => ({
    name: logicalId,
    document: properties['PolicyDocument'],
    resources: (properties['Queues'] as string[]).map((url) => queueArns.get(url) ?? url),
  }));
  const ofTraces = stack.ofType('AWS::XRay::ResourcePolicy').map(({ logicalId, properties }) => ({
    name: logicalId,
    document: JSON.parse(String(properties['PolicyDocument'])) as unknown,
    resources: ['*'],
  }));
  return [...ofTopics, ...ofQueues, ...ofTraces];
}
