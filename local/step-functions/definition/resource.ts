/** What a Task calls: `arn:aws:states:::lambda:invoke`, or an action of an AWS SDK. */
export type Resource = {
  /** `lambda` for the optimized integration; `aws-sdk:dynamodb` and the like. Named so in histories and logs, too. */
  resourceType: string;
  /** The action in camel case: `invoke`, `transactWriteItems`. */
  resource: string;
};

/** The services whose SDK integration is implemented, as ARNs of Step Functions name them. */
const sdkServices = ['dynamodb', 'sns', 'sqs', 'sfn', 'cloudwatch'] as const;
export type SdkService = (typeof sdkServices)[number];

/** The service of an SDK integration; undefined for an optimized one. */
export function sdkServiceOf({ resourceType }: Resource): SdkService | undefined {
  return sdkServices.find((service) => resourceType === `aws-sdk:${service}`);
}

/**
 * Reads a Task's Resource (https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html).
 * @throws Error naming what Express machines have not got, or the embedded cloud does not implement
 */
export function readResource(arn: unknown): Resource {
  if (typeof arn !== 'string') throw new Error(`expected an ARN, and got ${JSON.stringify(arn)}`);
  // https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
  for (const pattern of ['.sync', '.sync:2', '.waitForTaskToken']) {
    if (arn.endsWith(pattern)) throw new Error(`Express workflows have no ${pattern} (${arn})`);
  }
  if (/^arn:aws:states:[^:]+:[^:]*:activity:/.test(arn))
    throw new Error(`Express workflows have no activities (${arn})`);
  const [, rest = ''] = /^arn:aws:states:::(.+)$/.exec(arn) ?? [];
  if (rest === 'lambda:invoke') return { resourceType: 'lambda', resource: 'invoke' };
  const [prefix, service = '', action = '', ...more] = rest.split(':');
  if (prefix !== 'aws-sdk' || more.length > 0) {
    throw new Error(
      `${arn} is not implemented by the embedded cloud; implemented are arn:aws:states:::lambda:invoke and ` +
        `arn:aws:states:::aws-sdk:SERVICE:ACTION`,
    );
  }
  if (!(sdkServices as readonly string[]).includes(service)) {
    throw new Error(
      `${arn}: the service ${service} is not implemented by the embedded cloud (${sdkServices.join(', ')} are)`,
    );
  }
  if (!/^[a-z][A-Za-z]+$/.test(action)) throw new Error(`${arn}: expected an action in camel case, and got ${action}`);
  return { resourceType: `aws-sdk:${service}`, resource: action };
}
