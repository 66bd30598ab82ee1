import type { PolicyEvaluator } from '../edge/iam.ts';
import type { FunctionDefinition } from '../lambda/function.ts';
import { nameInArn } from '../messaging/identifiers.ts';
import type { Stack } from '../template/stack.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html */
const ofFunctions = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html */
const ofTopics = ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'];

/**
 * Checks that functions and topics may send their traces. Here no call shows that a right is missing, and on AWS nothing
 * does: the traces are not there.
 * @throws Error naming every function, topic and right
 */
export function requireTracingRights(
  stack: Stack,
  functions: readonly Pick<FunctionDefinition, 'name' | 'tracesActively'>[],
  policies: Pick<PolicyEvaluator, 'authorize' | 'authorizeService'>,
): void {
  const tracing = functions.filter(({ tracesActively }) => tracesActively);
  const topics = stack.ofType('AWS::SNS::Topic').filter(({ properties }) => properties['TracingConfig'] === 'Active');
  const missing = [
    ...tracing.map(({ name }) => {
      const refused = ofFunctions.filter((action) => !policies.authorize(name, [{ action, arn: '*' }]).allowed);
      return { name, refused };
    }),
    ...topics.map(({ ref }) => {
      const call = { service: 'sns.amazonaws.com', resource: '*', sourceArn: ref };
      const refused = ofTopics.filter((action) => !policies.authorizeService({ ...call, action }).allowed);
      return { name: `topic ${nameInArn(ref)}`, refused };
    }),
  ];
  const lines = missing.flatMap(({ name, refused }) =>
    refused.length > 0 ? `  - ${name}: ${refused.join(', ')}` : [],
  );
  if (lines.length > 0) throw new Error(`Traces would be lost:\n${lines.join('\n')}`);
}
