import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport } from '../template/stack.ts';

type PropertyTable = Readonly<Record<string, PropertySupport>>;

/** How the embedded cloud treats the properties of AppSync's resource types. */
export const graphqlApiProperties: PropertyTable = {
  Name: 'implemented',
  AuthenticationType: 'implemented',
  UserPoolConfig: 'implemented',
  EnvironmentVariables: 'implemented',
  IntrospectionConfig: 'implemented',
  QueryDepthLimit: 'implemented',
  ResolverCountLimit: 'implemented',
  Visibility: { noEffect: 'the embedded cloud listens on the loopback only' },
  XrayEnabled: { noEffect: 'functions alone are traced here' },
  LogConfig: { noEffect: 'what resolvers print is logged, and nothing else' },
  Tags: { noEffect: 'nothing reads tags' },
};
const userPoolConfigProperties: PropertyTable = {
  UserPoolId: 'implemented',
  DefaultAction: 'implemented',
  AwsRegion: { noEffect: 'tokens name their issuer' },
  AppIdClientRegex: 'implemented',
};
export const graphqlSchemaProperties: PropertyTable = { ApiId: 'implemented', Definition: 'implemented' };
export const dataSourceProperties: PropertyTable = {
  ApiId: 'implemented',
  Name: 'implemented',
  Type: 'implemented',
  ServiceRoleArn: 'implemented',
  DynamoDBConfig: 'implemented',
  HttpConfig: 'implemented',
  Description: { noEffect: 'it is for people' },
};
const dynamoDbConfigProperties: PropertyTable = {
  TableName: 'implemented',
  AwsRegion: { noEffect: 'there is one region' },
};
const httpConfigProperties: PropertyTable = { Endpoint: 'implemented', AuthorizationConfig: 'implemented' };
const httpAuthorizationProperties: PropertyTable = {
  AuthorizationType: 'implemented',
  AwsIamConfig: 'implemented',
};
const awsIamConfigProperties: PropertyTable = {
  SigningRegion: 'implemented',
  SigningServiceName: 'implemented',
};
export const functionProperties: PropertyTable = {
  ApiId: 'implemented',
  Name: 'implemented',
  DataSourceName: 'implemented',
  Code: 'implemented',
  Runtime: 'implemented',
  Description: { noEffect: 'it is for people' },
};
export const resolverProperties: PropertyTable = {
  ApiId: 'implemented',
  TypeName: 'implemented',
  FieldName: 'implemented',
  Kind: 'implemented',
  DataSourceName: 'implemented',
  PipelineConfig: 'implemented',
  Code: 'implemented',
  Runtime: 'implemented',
};

export interface Runtime {
  Name: string;
  RuntimeVersion: string;
}

/** Properties of the resources, with intrinsics resolved. */
export interface GraphqlApiResource {
  Name?: string;
  AuthenticationType: string;
  UserPoolConfig?: { UserPoolId: string; DefaultAction?: 'ALLOW' | 'DENY'; AppIdClientRegex?: string };
  EnvironmentVariables?: Record<string, string>;
  IntrospectionConfig?: 'ENABLED' | 'DISABLED';
  QueryDepthLimit?: number;
  ResolverCountLimit?: number;
}
export interface DataSourceResource {
  Name: string;
  Type: string;
  ServiceRoleArn?: string;
  DynamoDBConfig?: { TableName: string };
  HttpConfig?: HttpConfig;
}
/** An AWS service: what is not signed with a role of the stack, the embedded cloud does not implement. */
export interface HttpConfig {
  Endpoint: string;
  AuthorizationConfig: {
    AuthorizationType: 'AWS_IAM';
    AwsIamConfig: { SigningRegion: string; SigningServiceName: string };
  };
}
export interface FunctionResource {
  Name: string;
  DataSourceName: string;
  Code?: string;
  Runtime?: Runtime;
}
export interface ResolverResource {
  TypeName: string;
  FieldName: string;
  Kind?: 'UNIT' | 'PIPELINE';
  DataSourceName?: string;
  PipelineConfig?: { Functions: string[] };
  Code?: string;
  Runtime?: Runtime;
}

/** One API with all that belongs to it. */
export interface AppSyncDefinition {
  api: GraphqlApiResource;
  schema: { Definition: string };
  dataSources: DataSourceResource[];
  /** `id` is what `Fn::GetAtt FunctionId` gives, and pipelines name. */
  functions: { id: string; properties: FunctionResource }[];
  resolvers: ResolverResource[];
}

/** @throws Error that names every property or value the embedded cloud does not implement */
export function checkDefinition({ api, schema, dataSources, functions, resolvers }: AppSyncDefinition): void {
  refuseUnknownProperties('AWS::AppSync::GraphQLApi', api, graphqlApiProperties);
  refuseUnknownProperties(
    'AWS::AppSync::GraphQLApi.UserPoolConfig',
    api.UserPoolConfig ?? {},
    userPoolConfigProperties,
  );
  refuseUnknownProperties('AWS::AppSync::GraphQLSchema', schema, graphqlSchemaProperties);
  if (api.AuthenticationType !== 'AMAZON_COGNITO_USER_POOLS') {
    throw new Error(
      `The embedded cloud does not implement AWS::AppSync::GraphQLApi.AuthenticationType ${api.AuthenticationType}.`,
    );
  }
  for (const dataSource of dataSources) {
    refuseUnknownProperties('AWS::AppSync::DataSource', dataSource, dataSourceProperties);
    refuseUnknownProperties(
      'AWS::AppSync::DataSource.DynamoDBConfig',
      dataSource.DynamoDBConfig ?? {},
      dynamoDbConfigProperties,
    );
    if (dataSource.HttpConfig) checkHttpConfig(dataSource.Name, dataSource.HttpConfig);
  }
  for (const { properties } of functions) {
    refuseUnknownProperties('AWS::AppSync::FunctionConfiguration', properties, functionProperties);
    checkRuntime(`AWS::AppSync::FunctionConfiguration ${properties.Name}`, properties.Runtime);
  }
  for (const resolver of resolvers) {
    refuseUnknownProperties('AWS::AppSync::Resolver', resolver, resolverProperties);
    checkRuntime(`AWS::AppSync::Resolver ${resolver.TypeName}.${resolver.FieldName}`, resolver.Runtime);
  }
}

function checkHttpConfig(name: string, config: Partial<HttpConfig>): void {
  const type = 'AWS::AppSync::DataSource.HttpConfig';
  const { Endpoint = '', AuthorizationConfig: authorization } = config;
  refuseUnknownProperties(type, config, httpConfigProperties);
  refuseUnknownProperties(`${type}.AuthorizationConfig`, authorization ?? {}, httpAuthorizationProperties);
  refuseUnknownProperties(
    `${type}.AuthorizationConfig.AwsIamConfig`,
    authorization?.AwsIamConfig ?? {},
    awsIamConfigProperties,
  );
  if (authorization?.AuthorizationType !== 'AWS_IAM' || !/^https:\/\/[^/]+\.amazonaws\.com\/?$/.test(Endpoint)) {
    throw new Error(
      `The embedded cloud implements HTTP data sources only for AWS services, signed with IAM; ${name} has ${JSON.stringify(config)}.`,
    );
  }
}

function checkRuntime(owner: string, runtime: Runtime | undefined): void {
  if (runtime?.Name !== 'APPSYNC_JS' || runtime.RuntimeVersion !== '1.0.0') {
    throw new Error(
      `The embedded cloud implements only the runtime APPSYNC_JS 1.0.0; ${owner} has ${JSON.stringify(runtime)}.`,
    );
  }
}
