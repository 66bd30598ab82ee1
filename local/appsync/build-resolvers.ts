import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type GraphQLSchema, isObjectType } from 'graphql';
import { CodeRuntime } from './code/handlers.ts';
import { DynamoDbDataSource } from './data-sources/dynamodb.ts';
import { type AwsAccess, HttpDataSource } from './data-sources/http.ts';
import { PageTokens } from './data-sources/page-tokens.ts';
import type { AppSyncDefinition, DataSourceResource, ResolverResource } from './definition.ts';
import { type DataSource, noneDataSource, type Resolver, type Stage } from './resolver.ts';

/** How data sources reach AWS, each with the rights of the role with this ARN. */
export interface RoleAccess {
  dynamodb: (roleArn: string) => DynamoDBClient;
  http: (roleArn: string) => AwsAccess;
}

/** Takes what resolvers print, a line at a time. */
export interface Printed {
  print?: (line: string) => void;
}

type Source = AppSyncDefinition & RoleAccess & Printed;

/**
 * The resolvers of an API by `Type.field`, their code loaded.
 * @throws Error when a resolver names a field, function or data source there is not, or its code would be refused
 */
export function buildResolvers(source: Source, schema: GraphQLSchema): Map<string, Resolver> {
  const runtime = new CodeRuntime(source.print);
  const tokens = new PageTokens(source.api.Name ?? '');
  const dataSources = new Map(
    source.dataSources.map((resource) => [resource.Name, dataSourceOf(resource, source, tokens)]),
  );
  const dataSource = (name: string | undefined, owner: string): DataSource => {
    const found = name === undefined ? undefined : dataSources.get(name);
    if (!found) throw new Error(`${owner} names the data source ${name}, which the API does not have.`);
    return found;
  };
  const functions = new Map(
    source.functions.map(({ id, properties }): [string, Stage] => [
      id,
      {
        handlers: runtime.load(properties.Name, properties.Code ?? ''),
        dataSource: dataSource(properties.DataSourceName, properties.Name),
      },
    ]),
  );
  const resolverOf = (resource: ResolverResource): Resolver => {
    const name = `${resource.TypeName}.${resource.FieldName}`;
    const handlers = runtime.load(name, resource.Code ?? '');
    if (resource.Kind !== 'PIPELINE')
      return { stage: { handlers, dataSource: dataSource(resource.DataSourceName, name) } };
    const stages = (resource.PipelineConfig?.Functions ?? []).map((id) => {
      const stage = functions.get(id);
      if (!stage) throw new Error(`${name} names the function ${id}, which the API does not have.`);
      return stage;
    });
    // https://docs.aws.amazon.com/general/latest/gr/appsync.html: functions in a pipeline resolver.
    if (stages.length > 10) throw new Error(`${name} has ${stages.length} functions; AppSync takes 10.`);
    return { handlers, stages };
  };
  return new Map(
    source.resolvers.map((resource): [string, Resolver] => {
      const type = schema.getType(resource.TypeName);
      if (!isObjectType(type) || !type.getFields()[resource.FieldName]) {
        throw new Error(`There is no field ${resource.TypeName}.${resource.FieldName} for its resolver.`);
      }
      return [`${resource.TypeName}.${resource.FieldName}`, resolverOf(resource)];
    }),
  );
}

function dataSourceOf(resource: DataSourceResource, source: Source, tokens: PageTokens): DataSource {
  const { Type, DynamoDBConfig, HttpConfig, ServiceRoleArn } = resource;
  if (Type === 'NONE') return noneDataSource;
  if (Type === 'AMAZON_DYNAMODB' && DynamoDBConfig && ServiceRoleArn) {
    return new DynamoDbDataSource(DynamoDBConfig.TableName, source.dynamodb(ServiceRoleArn), tokens);
  }
  if (Type === 'HTTP' && HttpConfig && ServiceRoleArn) {
    return new HttpDataSource(HttpConfig, source.http(ServiceRoleArn));
  }
  throw new Error(
    `The embedded cloud does not implement AWS::AppSync::DataSource ${resource.Name} of type ${resource.Type}.`,
  );
}
