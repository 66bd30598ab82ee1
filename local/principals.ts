import type { Principal } from './edge/iam.ts';
import { folderOf } from './lambda/from-template.ts';
import { identityPoliciesOf } from './template/policies.ts';
import type { Stack } from './template/stack.ts';

/** Every role that may call AWS, named as calls and faults name it: a function by its folder. */
export function principalsOf(stack: Stack): Principal[] {
  return stack.ofType('AWS::Lambda::Function').map((resource) => {
    const arn = String(resource.properties['Role']);
    return { name: folderOf(resource, stack), arn, policies: identityPoliciesOf(stack, arn) };
  });
}
