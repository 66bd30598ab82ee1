import { PolicyEvaluator } from '../../local/edge/iam.ts';
import { requireTracingRights } from '../../local/rights/tracing-rights.ts';
import type { Stack, StackResource } from '../../local/template/stack.ts';

const account = { region: 'us-east-1', accountId: '000000000000' };
const topicArn = 'arn:aws:sns:us-east-1:000000000000:news';
const rights = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];
const topicRights = ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'];

function stackWith(properties: Record<string, unknown>): Stack {
  const topic: StackResource = {
    logicalId: 'News',
    type: 'AWS::SNS::Topic',
    ref: topicArn,
    attributes: {},
    properties,
  };
  return {
    where: { stackName: 'stack', ...account },
    outputs: {},
    ofType: (type) => (type === topic.type ? [topic] : []),
  };
}

function policies(functionRights: string[], ofTopic: string[], sourceArn = topicArn): PolicyEvaluator {
  const allow = (actions: string[], more: object = {}): object => ({
    Version: '2012-10-17',
    Statement: actions.map((Action) => ({ Effect: 'Allow', Action, Resource: '*', ...more })),
  });
  const condition = {
    Principal: { Service: 'sns.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': account.accountId }, StringLike: { 'aws:SourceArn': sourceArn } },
  };
  return new PolicyEvaluator(
    account,
    [{ name: 'sample', policies: [{ name: 'rights', document: allow(functionRights) }] }],
    [{ name: 'traces', document: allow(ofTopic, condition), resources: ['*'] }],
  );
}

const active = stackWith({ TracingConfig: 'Active' });
const traced = [{ name: 'sample', tracesActively: true }];

test('functions and topics that may send their traces boot', () => {
  expect(() => requireTracingRights(active, traced, policies(rights, topicRights))).not.toThrow();
});

test('a function or topic that may not is named, with what it lacks', () => {
  expect(() => requireTracingRights(active, traced, policies(rights.slice(1), topicRights))).toThrow(
    'Traces would be lost:\n  - sample: xray:PutTraceSegments',
  );
  expect(() => requireTracingRights(active, traced, policies(rights, topicRights.slice(1)))).toThrow(
    '  - topic news: xray:PutTraceSegments',
  );
  expect(() => requireTracingRights(active, [], policies(rights, topicRights, `${topicArn}-of-others`))).toThrow(
    'news',
  );
});

test('what does not trace needs no right to', () => {
  const untraced = [{ name: 'sample', tracesActively: false }];
  expect(() => requireTracingRights(stackWith({}), untraced, policies([], []))).not.toThrow();
});
