import type { Principal } from '../edge/iam.ts';
import { folderOf } from '../lambda/from-template.ts';
import { schedulesOf } from '../scheduler/from-template.ts';
import { machineRoleOf } from '../step-functions/from-template.ts';
import { identityPoliciesOf } from '../template/policies.ts';
import type { Stack } from '../template/stack.ts';

/**
 * Every role that may call AWS, named as calls and faults name it: a function by its folder, a workflow by its definition's file, a
 * schedule as `schedule/NAME`, a data source as `appsync/NAME`.
 * @throws Error when two have one name: nobody could tell their calls apart
 */
export function principalsOf(stack: Stack): Principal[] {
  const principal = (name: string, roleArn: unknown): Principal => {
    const arn = String(roleArn);
    return { name, arn, policies: identityPoliciesOf(stack, arn) };
  };
  const principals = [
    ...stack
      .ofType('AWS::Lambda::Function')
      .map((resource) => principal(folderOf(resource, stack), resource.properties['Role'])),
    ...stack
      .ofType('AWS::StepFunctions::StateMachine')
      .map((resource) => principal(machineRoleOf(resource, stack), resource.properties['RoleArn'])),
    ...schedulesOf(stack).map(({ role, roleArn }) => principal(role, roleArn)),
    ...dataSourceRoles(stack).map(({ name, roleArn }) => principal(name, roleArn)),
  ];
  const names = principals.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`More than one function or workflow is named ${twice.join(', ')}`);
  return principals;
}

/** The roles of AppSync's data sources, with their names at the edge. */
export function dataSourceRoles(stack: Stack): { name: string; roleArn: string }[] {
  return stack.ofType('AWS::AppSync::DataSource').flatMap(({ properties }) => {
    const { Name, ServiceRoleArn } = properties as { Name: string; ServiceRoleArn?: string };
    return ServiceRoleArn ? [{ name: `appsync/${Name}`, roleArn: ServiceRoleArn }] : [];
  });
}
