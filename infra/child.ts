import type { IConstruct } from 'constructs';

/**
 * The CloudFormation resource under a construct of CDK's, for a property that the construct does not offer.
 *
 * @throws when it is not of that type, as after an update of CDK
 */
export function child<T>(construct: IConstruct, type: abstract new (...parameters: never[]) => T): T {
  const resource = construct.node.defaultChild;
  if (!(resource instanceof type)) throw new Error(`${construct.node.path} holds no ${type.name}.`);
  return resource;
}
