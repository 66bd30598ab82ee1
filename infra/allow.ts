import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

/**
 * Leave to do exactly these actions on exactly these resources. CDK's own grants are not used: they give whole
 * families of actions, where a function here may do only what its code does.
 */
export function allow(actions: string[], ...resources: string[]): PolicyStatement {
  return new PolicyStatement({ actions, resources });
}

/** Leave to do these actions on these resources as long as the conditions hold. */
export function allowIf(
  conditions: Record<string, Record<string, unknown>>,
  actions: string[],
  ...resources: string[]
): PolicyStatement {
  return new PolicyStatement({ actions, resources, conditions });
}

/** The ARN of an index: leave to query a table is none to query its indexes, nor the other way round. */
export function indexOf(tableArn: string, index: string): string {
  return `${tableArn}/index/${index}`;
}
