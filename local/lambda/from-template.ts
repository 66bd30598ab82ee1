import { join } from 'node:path';
import { roleCredentials } from '../edge/credentials.ts';
import type { Assembly } from '../template/assembly.ts';
import type { Stack, StackResource, SupportedResources } from '../template/stack.ts';
import type { FunctionDefinition } from './function.ts';
import type { InvokePermission } from './functions.ts';

const onAwsOnly = (reason: string): { noEffect: string } => ({ noEffect: reason });

export const lambdaProperties: SupportedResources = {
  'AWS::Lambda::Function': {
    Architectures: onAwsOnly('workers run on this machine'),
    Code: 'implemented',
    Description: onAwsOnly('text for people'),
    Environment: 'implemented',
    FunctionName: 'implemented',
    Handler: 'implemented',
    LoggingConfig: onAwsOnly('lines go to the log of the embedded cloud'),
    MemorySize: 'implemented',
    ReservedConcurrentExecutions: 'implemented',
    Role: 'implemented',
    Runtime: 'implemented',
    Tags: onAwsOnly('text for people'),
    Timeout: 'implemented',
    TracingConfig: 'implemented',
  },
  'AWS::Lambda::Permission': {
    Action: 'implemented',
    FunctionName: 'implemented',
    Principal: 'implemented',
    SourceArn: 'implemented',
  },
};

/** The folder name of a function under functions/, which names it at the edge: its physical name without the stack's. */
export function folderOf(resource: StackResource, stack: Stack): string {
  return resource.ref.replace(`${stack.where.stackName}-`, '');
}

/**
 * The template's functions, each with the environment that Lambda gives a function of its role.
 * @throws Error for a runtime or handler that workers cannot run
 */
export function functionsOf(stack: Stack, assembly: Assembly): FunctionDefinition[] {
  return stack.ofType('AWS::Lambda::Function').map((resource) => {
    const { Code, Environment, Handler, MemorySize, ReservedConcurrentExecutions, Runtime, Timeout, TracingConfig } =
      resource.properties as {
        Code: { S3Key?: string };
        Environment?: { Variables?: Record<string, string> };
        Handler: string;
        MemorySize?: number;
        ReservedConcurrentExecutions?: number;
        Runtime: string;
        Timeout?: number;
        TracingConfig?: { Mode?: string };
      };
    if (!Runtime.startsWith('nodejs'))
      throw new Error(`${resource.ref} wants runtime ${Runtime}; workers run Node.js only`);
    if (!Code.S3Key) throw new Error(`${resource.ref} has no code in the assembly's assets`);
    const [module = 'index', exportName = 'handler'] = Handler.split('.');
    const name = folderOf(resource, stack);
    const memoryMegabytes = MemorySize ?? 128;
    return {
      name,
      functionName: resource.ref,
      functionArn: resource.attributes['Arn'] ?? '',
      bundle: join(assembly.assetPath(Code.S3Key), `${module}.mjs`),
      exportName,
      timeoutSeconds: Timeout ?? 3,
      memoryMegabytes,
      reservedConcurrency: ReservedConcurrentExecutions,
      tracesActively: TracingConfig?.Mode === 'Active',
      environment: {
        ...Environment?.Variables,
        ...runtimeEnvironment(resource.ref, Handler, memoryMegabytes, stack),
        ...credentialsOf(name),
      },
    };
  });
}

/** Who may invoke which function, from the template's AWS::Lambda::Permission resources. */
export function invokePermissionsOf(stack: Stack): InvokePermission[] {
  return stack.ofType('AWS::Lambda::Permission').map(({ logicalId, properties }) => {
    const { Action, FunctionName, Principal, SourceArn } = properties as Record<string, string>;
    if (Action !== 'lambda:InvokeFunction')
      throw new Error(`${logicalId} allows ${Action}; expected lambda:InvokeFunction`);
    return { functionArn: FunctionName ?? '', principal: Principal ?? '', sourceArn: SourceArn };
  });
}

/** The variables of https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime. */
function runtimeEnvironment(
  functionName: string,
  handler: string,
  memory: number,
  { where }: Stack,
): Record<string, string> {
  return {
    _HANDLER: handler,
    AWS_DEFAULT_REGION: where.region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_REGION: where.region,
    TZ: ':UTC',
  };
}

function credentialsOf(role: string): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = roleCredentials(role);
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken };
}
