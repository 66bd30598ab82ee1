import { readFileSync } from 'node:fs';
import { refuseUnknownProperties } from '../properties.ts';
import type { Assembly } from '../template/assembly.ts';
import { nameWithoutStack } from '../template/identities.ts';
import type { PropertySupport, Stack, StackResource, SupportedResources } from '../template/stack.ts';
import type { Definition } from './definition/check-thoroughly.ts';
import { loadDefinition } from './definition/load.ts';
import type { Machine } from './definition/machine.ts';

export const stateMachineProperties: SupportedResources = {
  'AWS::StepFunctions::StateMachine': {
    DefinitionS3Location: 'implemented',
    DefinitionString: 'implemented',
    DefinitionSubstitutions: 'implemented',
    LoggingConfiguration: 'implemented',
    RoleArn: 'implemented',
    StateMachineName: 'implemented',
    StateMachineType: 'implemented',
    Tags: { noEffect: 'text for people' },
    TracingConfiguration: { noEffect: 'there is no tracing service here; the rights for it are asked for' },
  },
};

const loggingProperties: Record<string, PropertySupport> = {
  Destinations: 'implemented',
  IncludeExecutionData: 'implemented',
  Level: 'implemented',
};

/** A state machine of the template, ready to run. */
export type StateMachine = {
  arn: string;
  name: string;
  /** How the edge names its role: the definition's file name. */
  role: string;
  roleArn: string;
  definition: Machine;
  /** The definition as it is written. */
  source: Definition;
  /** Where its executions are logged, and whether with what they worked on. */
  log?: { group: string; includeExecutionData: boolean };
  traced: boolean;
};

/** The name of a machine's role at the edge: the machine's without the stack's. */
export function machineRoleOf(resource: StackResource, stack: Stack): string {
  return nameWithoutStack(resource.attributes['Name'] ?? resource.ref, stack.where);
}

/**
 * The template's state machines.
 * @throws Error naming what they want and the embedded cloud does not implement
 */
export function stateMachinesOf(stack: Stack, assembly: Assembly): StateMachine[] {
  return stack.ofType('AWS::StepFunctions::StateMachine').map((resource) => {
    const {
      RoleArn,
      StateMachineType,
      TracingConfiguration,
      DefinitionSubstitutions: substitutions = {},
    } = resource.properties as {
      RoleArn: string;
      StateMachineType?: string;
      TracingConfiguration?: { Enabled?: boolean };
      DefinitionSubstitutions?: Record<string, string>;
    };
    const name = resource.attributes['Name'] ?? '';
    if (StateMachineType !== 'EXPRESS') {
      throw new Error(`${name} is of type ${StateMachineType ?? 'STANDARD'}; the embedded cloud implements EXPRESS`);
    }
    const log = logOf(stack, resource);
    const text = definitionText(resource, assembly);
    return {
      arn: resource.ref,
      name,
      role: machineRoleOf(resource, stack),
      roleArn: RoleArn,
      definition: loadDefinition(name, text, substitutions),
      source: { name, text, substitutions },
      traced: TracingConfiguration?.Enabled === true,
      ...(log && { log }),
    };
  });
}

/** The definition of a machine as the template gives it, substitutions still to be made. */
function definitionText({ logicalId, properties }: StackResource, assembly: Assembly): string {
  const { DefinitionS3Location, DefinitionString } = properties as {
    DefinitionS3Location?: { Key: string };
    DefinitionString?: string;
  };
  if (DefinitionS3Location) return readFileSync(assembly.assetPath(DefinitionS3Location.Key), 'utf8');
  if (DefinitionString === undefined) throw new Error(`${logicalId} has no definition`);
  return DefinitionString;
}

function logOf(stack: Stack, { properties, logicalId }: StackResource): StateMachine['log'] {
  const { LoggingConfiguration: logging } = properties as {
    LoggingConfiguration?: {
      Level?: string;
      IncludeExecutionData?: boolean;
      Destinations?: { CloudWatchLogsLogGroup?: { LogGroupArn: string } }[];
    };
  };
  if (!logging) return undefined;
  refuseUnknownProperties('AWS::StepFunctions::StateMachine.LoggingConfiguration', logging, loggingProperties);
  if (logging.Level === undefined || logging.Level === 'OFF') return undefined;
  if (logging.Level !== 'ALL') {
    throw new Error(`${logicalId} logs at level ${logging.Level}; the embedded cloud implements ALL and OFF`);
  }
  const arn = logging.Destinations?.[0]?.CloudWatchLogsLogGroup?.LogGroupArn;
  const group = stack.ofType('AWS::Logs::LogGroup').find(({ attributes }) => attributes['Arn'] === arn);
  if (!group) throw new Error(`${logicalId} logs to ${arn}, which is no log group of the template`);
  return { group: group.ref, includeExecutionData: logging.IncludeExecutionData === true };
}
