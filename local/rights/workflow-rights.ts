import type { PolicyEvaluator } from '../edge/iam.ts';
import type { StateMachine } from '../step-functions/from-template.ts';

/** What a machine's role needs for its log: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy */
const logging = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
];

/** And for tracing: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html#xray-iam */
const tracing = [
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
];

/**
 * Checks that every workflow may write its log and its trace. Here both are written without a call, so no call would show that a right is
 * missing; on AWS a machine whose role may not deliver its log cannot be created, and one without tracing rights leaves no traces.
 * @throws Error naming every workflow and right
 */
export function requireWorkflowRights(
  machines: readonly StateMachine[],
  policies: Pick<PolicyEvaluator, 'authorize'>,
): void {
  const missing = machines.flatMap(({ name, role, log, traced }) => {
    const needed = [...(log ? logging : []), ...(traced ? tracing : [])];
    const refused = needed.filter((action) => !policies.authorize(role, [{ action, arn: '*' }]).allowed);
    return refused.length > 0 ? [`  - ${name}: ${refused.join(', ')} on *`] : [];
  });
  if (missing.length > 0) throw new Error(`Workflows may not write their log or trace:\n${missing.join('\n')}`);
}
