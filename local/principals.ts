import type { Principal } from './edge/iam.ts';
import { folderOf } from './lambda/from-template.ts';
import { identityPoliciesOf } from './template/policies.ts';
import type { Stack } from './template/stack.ts';

/** Every role that may call AWS, named as calls and faults name it: a function by its folder, a data source as `appsync/NAME`. */
export function principalsOf(stack: Stack): Principal[] {
  const principal = (name: string, roleArn: unknown): Principal => {
    const arn = String(roleArn);
    return { name, arn, policies: identityPoliciesOf(stack, arn) };
  };
  return [
    ...stack
      .ofType('AWS::Lambda::Function')
      .map((resource) => principal(folderOf(resource, stack), resource.properties['Role'])),
    ...dataSourceRoles(stack).map(({ name, roleArn }) => principal(name, roleArn)),
  ];
}

/** The roles of AppSync's data sources, with their names at the edge. */
export function dataSourceRoles(stack: Stack): { name: string; roleArn: string }[] {
  return stack.ofType('AWS::AppSync::DataSource').flatMap(({ properties }) => {
    const { Name, ServiceRoleArn } = properties as { Name: string; ServiceRoleArn?: string };
    return ServiceRoleArn ? [{ name: `appsync/${Name}`, roleArn: ServiceRoleArn }] : [];
  });
}
