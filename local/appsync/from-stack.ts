import type { Stack, StackResource, SupportedResources } from '../template/stack.ts';
import type { AppSyncDefinition } from './definition.ts';
import {
  dataSourceProperties,
  functionProperties,
  graphqlApiProperties,
  graphqlSchemaProperties,
  resolverProperties,
} from './definition.ts';

/** The resource types of AppSync that the embedded cloud implements, with their properties. */
export const appSyncResources: SupportedResources = {
  'AWS::AppSync::GraphQLApi': graphqlApiProperties,
  'AWS::AppSync::GraphQLSchema': graphqlSchemaProperties,
  'AWS::AppSync::DataSource': dataSourceProperties,
  'AWS::AppSync::FunctionConfiguration': functionProperties,
  'AWS::AppSync::Resolver': resolverProperties,
};

/**
 * One API of a stack with all that belongs to it.
 * @throws Error when the API has no schema
 */
export function appSyncDefinitionOf(stack: Stack, api: StackResource): AppSyncDefinition {
  const apiId = api.attributes['ApiId'];
  const ofApi = (type: string): StackResource[] =>
    stack.ofType(type).filter(({ properties }) => properties['ApiId'] === apiId);
  const [schema] = ofApi('AWS::AppSync::GraphQLSchema');
  if (!schema) throw new Error(`${api.logicalId} has no AWS::AppSync::GraphQLSchema.`);
  return {
    api: api.properties as unknown as AppSyncDefinition['api'],
    schema: schema.properties as unknown as AppSyncDefinition['schema'],
    dataSources: ofApi('AWS::AppSync::DataSource').map(({ properties }) => properties as never),
    functions: ofApi('AWS::AppSync::FunctionConfiguration').map(({ attributes, properties }) => ({
      id: String(attributes['FunctionId']),
      properties: properties as never,
    })),
    resolvers: ofApi('AWS::AppSync::Resolver').map(({ properties }) => properties as never),
  };
}
