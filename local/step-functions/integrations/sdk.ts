import type { Resource, SdkService } from '../definition/resource.ts';

/** Sends one command of an SDK client. */
export type SdkClient = {
  send(command: object, options: { abortSignal: AbortSignal }): Promise<object>;
  destroy(): void;
  middlewareStack: { add(middleware: object, options: object): void };
};

/** A package of the AWS SDK, by the names it exports. */
export type SdkPackage = Readonly<Record<string, unknown>>;

/** `prefix`: how Step Functions begins the names of a service's errors: the class names of the AWS SDK for Java 2. */
type Service = { prefix: string; client: string; load(): Promise<unknown> };

/** Loaded when first used: together they take longer than the rest of the boot. */
const services: Record<SdkService | 'lambda', Service> = {
  dynamodb: { prefix: 'DynamoDb', client: 'DynamoDBClient', load: () => import('@aws-sdk/client-dynamodb') },
  sns: { prefix: 'Sns', client: 'SNSClient', load: () => import('@aws-sdk/client-sns') },
  sqs: { prefix: 'Sqs', client: 'SQSClient', load: () => import('@aws-sdk/client-sqs') },
  sfn: { prefix: 'Sfn', client: 'SFNClient', load: () => import('@aws-sdk/client-sfn') },
  cloudwatch: { prefix: 'CloudWatch', client: 'CloudWatchClient', load: () => import('./cloudwatch.ts') },
  lambda: { prefix: 'Lambda', client: 'LambdaClient', load: () => import('@aws-sdk/client-lambda') },
};

export type ServiceName = keyof typeof services;

export function errorPrefixOf(service: ServiceName): string {
  return services[service].prefix;
}

export async function loadPackage(service: ServiceName): Promise<SdkPackage> {
  return (await services[service].load()) as SdkPackage;
}

/** The class of a service's client. */
export function clientClassOf(service: ServiceName, sdk: SdkPackage): new (config: object) => SdkClient {
  return sdk[services[service].client] as new (config: object) => SdkClient;
}

/** The SDK has no such action. */
export class UnknownAction extends Error {}

/**
 * The class of the command behind a Task's Resource.
 * @throws UnknownAction when the service has no such action
 */
export function commandClassOf(
  { resource, resourceType }: Resource,
  sdk: SdkPackage,
): new (input: unknown) => { schema: unknown } {
  const name = `${resource.charAt(0).toUpperCase()}${resource.slice(1)}Command`;
  const found = sdk[name];
  if (typeof found !== 'function') throw new UnknownAction(`${resourceType} has no action ${resource}`);
  return found as new (input: unknown) => { schema: unknown };
}
