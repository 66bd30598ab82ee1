import type { FaultRule } from '../../setup/edge-control.ts';

/** The names that services have for "not so fast"; the clients of AWS try these again by themselves. */
const throttles: Record<string, FaultRule['fault']> = {
  cloudwatch: { error: 'ThrottlingException', statusCode: 400 },
  dynamodb: { error: 'ProvisionedThroughputExceededException', statusCode: 400 },
  'execute-api': { error: 'LimitExceededException', statusCode: 429 },
  lambda: { error: 'TooManyRequestsException', statusCode: 429 },
  sns: { error: 'Throttled', statusCode: 429 },
  sqs: { error: 'RequestThrottled', statusCode: 400 },
  states: { error: 'ThrottlingException', statusCode: 400 },
};

/** Everything that can befall one call, by how it is told. */
export function kindsOf(service: string): Record<string, FaultRule['fault']> {
  const throttle = throttles[service];
  if (!throttle) throw new Error(`Nobody has said how ${service} throttles`);
  return {
    'it fails': { error: 'AccessDeniedException', statusCode: 400 },
    'it is throttled': throttle,
    'its answer is lost': { dropReply: true },
    'its caller dies before it': { crash: true },
    'its caller dies after it': { crash: 'after' },
    // Express executions run at least once, which may be more often, and at the same time.
    ...(service === 'states' && { 'what it starts runs three times': { repeat: 2 } }),
  };
}
